import Sluice

/// A way from the same producer to the same slow consumer.
enum Mode: String, CaseIterable {
    /// The producer calls the consumer with each batch, and waits until it is handled.
    case call
    /// The producer puts each batch into an unbounded stream, and never waits.
    case cast
    /// The producer makes what the consumer has asked for.
    case demand

    /// Carries events for ever.
    ///
    /// Concurrent, because what begins on the main thread would hop between it and the others.
    @concurrent
    func run(_ handler: Handler) async throws {
        switch self {
        case .call: await Self.call(handler)
        case .cast: await Self.cast(handler)
        case .demand: try await Self.demand(handler)
        }
    }

    private static func call(_ handler: Handler) async {
        var source = Source()
        let callee = Callee(handler: handler)
        while true { await callee.handle(source.batch()) }
    }

    private static func cast(_ handler: Handler) async {
        let (stream, input) = AsyncStream<[Event]>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var source = Source()
                while true { input.yield(source.batch()) }
            }
            for await events in stream { handler.handle(events) }
        }
    }

    /// A window of two batches: while the consumer handles one, the producer makes the next.
    private static func demand(_ handler: Handler) async throws {
        try await withStages { stages in
            let source = stages.start { AskedSource() }
            let consumer = stages.start { AskingConsumer(handler: handler) }
            try await consumer.subscribe(to: source, maxDemand: 2 * Source.batch)
        }
    }
}

private actor Callee {
    let handler: Handler

    init(handler: Handler) {
        self.handler = handler
    }

    func handle(_ events: [Event]) { handler.handle(events) }
}

private struct AskedSource: Producer {
    private var source = Source()

    mutating func handleDemand(_ demand: Int) async throws -> [Event]? {
        source.batch(of: min(demand, Source.batch))
    }
}

private struct AskingConsumer: Consumer {
    let handler: Handler

    mutating func handleEvents(_ events: [Event]) async throws { handler.handle(events) }
}
