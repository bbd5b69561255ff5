package import Sluice
package import SluicePostgres

/// The stage at the end of the way from slot to sink: it hands over batches and says what is durable.
///
/// One batch is under way at a time, in the order of the slot. While the sink writes, what has come meanwhile gathers:
/// a slow sink gets larger batches, and nothing waits for a batch to fill up.
package struct Delivery: Consumer {
    private let sink: any OrderedSink
    private let deadLetters: (any DeadLetterBox)?
    private let budget: Budget
    private let limit: RateLimit
    private let buried: @Sendable (DeadLetter) -> Void
    private let delivered: @Sendable (Delivered) -> Void

    /// Makes the stage.
    ///
    /// - Parameters:
    ///   - sink: Opened.
    ///   - deadLetters: Opened, for what a ``RefusingSink`` does not take; `nil`: that ends the stream.
    ///   - budget: Holds the cost of the changes, and gets it back when they are durable and out of memory.
    ///   - limit: In front of the sink.
    ///   - buried: Told of each dead letter when it is durable.
    ///   - delivered: Told of each batch when it is durable, before the budget is released.
    package init(
        to sink: any OrderedSink,
        deadLetters: (any DeadLetterBox)? = nil,
        budget: Budget,
        limit: RateLimit,
        buried: @escaping @Sendable (DeadLetter) -> Void = { _ in },
        delivered: @escaping @Sendable (Delivered) -> Void
    ) {
        self.sink = sink
        self.deadLetters = deadLetters
        self.budget = budget
        self.limit = limit
        self.buried = buried
        self.delivered = delivered
    }

    package mutating func handleEvents(_ events: [Change]) async throws {
        var rest = events[...]
        // At the end: until this call ends all of them are in memory, however few the limit lets pass at a time.
        defer { budget.release(events[..<rest.startIndex].reduce(0) { $0 + Int($1.cost) }) }
        while !rest.isEmpty {
            let batch = try await limit.next(of: rest)
            try await deliver(batch.count == events.count ? events : Array(batch))
            rest = rest[batch.endIndex...]
        }
    }

    private func deliver(_ batch: [Change]) async throws {
        let position = try await position(behind: batch)
        try Failpoint.delivered.pass()
        var summary = Delivered(sequence: 0, position: position, messages: 0, undecodable: 0)
        for change in batch {
            summary.messages += change.messageCount
            if change.kind == .undecodable { summary.undecodable += 1 }
        }
        summary.sequence = batch.last?.sequence ?? 0
        delivered(summary)
    }

    /// Makes a batch durable, at the sink or among the dead letters.
    private func position(behind batch: [Change]) async throws -> SinkPosition {
        guard let deadLetters, let sink = sink as? any RefusingSink else { return try await sink.deliver(batch) }
        return try await sink.deliver(batch) { letters in
            try await deadLetters.put(letters, of: sink.identity)
            for letter in letters { buried(letter) }
            try Failpoint.buried.pass()
        }
    }
}
