import Sluice

/// Where a slot's events come from: a thread that reads a replication connection, or a script.
package protocol SlotSource: Sendable {
    /// Waits for events.
    ///
    /// - Parameter demand: The most that may be returned, at least 1.
    /// - Returns: At least one event, with ascending dense numbers; nil when there will be no more.
    /// - Throws: What no other attempt cures; `CancellationError` when the task is cancelled, and then nothing is lost.
    func next(_ demand: Int) async throws -> [RawChange]?
}

/// The stage at the head of the way from slot to sink: it reads only while somebody asks.
package struct SlotProducer<Source: SlotSource>: Producer {
    private let source: Source

    package init(source: Source) {
        self.source = source
    }

    package mutating func handleDemand(_ demand: Int) async throws -> [RawChange]? {
        try await source.next(demand)
    }
}
