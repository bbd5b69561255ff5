/// The subscriptions of one loop; they end with it at the latest.
final class EventReader<Event: Sendable> {
    private enum Phase {
        case new
        case reading
        case over
    }

    private let stages: Stages
    private let sources: [StageEvents<Event>.Source]
    private let mailbox: SharedMailbox<Event>
    private var phase = Phase.new
    private var subscriptions: [(subscription: Subscription, stage: StageStorage)] = []

    /// What to ask for before more is taken.
    private var ask: (inlet: Int, count: Int)?

    init(_ stages: Stages, _ sources: [StageEvents<Event>.Source]) {
        self.stages = stages
        self.sources = sources
        mailbox = SharedMailbox(windows: sources.map(\.window))
    }

    deinit {
        leave()
    }

    /// - Returns: At least one event; nil at the end.
    func nextChunk() async throws -> ArraySlice<Event>? {
        do {
            if case .new = phase { try await begin() }
            return try await read()
        } catch {
            leave()
            throw error
        }
    }

    /// Ends every subscription.
    func leave() {
        phase = .over
        for entry in subscriptions { entry.subscription.cancel() }
        subscriptions = []
        ask = nil
        mailbox.leave()
    }

    private func begin() async throws {
        phase = .reading
        // A stage for each producer: one for all would have ended with the first if that has finished by now.
        for (inlet, source) in sources.enumerated() {
            let connection = InletConnection(mailbox, inlet: inlet)
            let stage = stages.start(source.name) { EventInlet(connection: connection) }
            subscriptions.append((try await source.subscribe(stage), stage.storage))
            send((inlet, source.window.max))
        }
        // The loop waits from here on: nothing more is wired by it that sources would have to wait for.
        stages.go()
    }

    private func read() async throws -> ArraySlice<Event>? {
        if let ask = ask.take() { send(ask) }
        while case .reading = phase {
            let next = mailbox.next()
            // The inlets close when all is over, and when it failed.
            if mailbox.isClosed { try stages.scope.checkEnd() }
            switch next {
            case .chunk(let chunk):
                if chunk.ask > 0 { ask = (chunk.inlet, chunk.ask) }
                return chunk.events
            case .end:
                leave()
            case .nothing:
                await mailbox.wait()
                try Task.checkCancellation()
            }
        }
        return nil
    }

    private func send(_ ask: (inlet: Int, count: Int)) {
        let (subscription, stage) = subscriptions[ask.inlet]
        stage.ask(ask.count, by: subscription.id)
    }
}
