package import Sluice
package import SluicePostgres

/// The stage at the end of the way from slot to sink: it hands over batches and says what is durable.
///
/// One batch is under way at a time, in the order of the slot. While the sink writes, what has come meanwhile gathers:
/// a slow sink gets larger batches, and nothing waits for a batch to fill up.
package struct Delivery: Consumer {
    private let sink: any OrderedSink
    private let budget: Budget
    private let limit: RateLimit
    private let delivered: @Sendable (Delivered) -> Void

    /// Makes the stage.
    ///
    /// - Parameters:
    ///   - sink: Opened.
    ///   - budget: Holds the cost of the changes, and gets it back when they are durable and out of memory.
    ///   - limit: In front of the sink.
    ///   - delivered: Told of each batch when it is durable, before the budget is released.
    package init(
        to sink: any OrderedSink,
        budget: Budget,
        limit: RateLimit,
        delivered: @escaping @Sendable (Delivered) -> Void
    ) {
        self.sink = sink
        self.budget = budget
        self.limit = limit
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
        let position = try await sink.deliver(batch)
        try Failpoint.delivered.pass()
        var summary = Delivered(sequence: 0, position: position, messages: 0, undecodable: 0)
        for change in batch {
            summary.messages += change.messageCount
            if change.kind == .undecodable { summary.undecodable += 1 }
        }
        summary.sequence = batch.last?.sequence ?? 0
        delivered(summary)
    }
}
