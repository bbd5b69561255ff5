import Sluice

/// A producer whose calls are looked at.
struct ObservedProducer<Base: Producer>: Producer {
    /// Ends a run whose violation is in the record.
    struct Stop: Error {}

    var base: Base
    let record: CallRecord
    let clock: TestClock
    let surplus: Int

    mutating func handleDemand(_ demand: Int) async throws -> [Base.Output]? {
        let events: [Base.Output]?
        do {
            events = try await base.handleDemand(demand)
        } catch {
            record.threw(error, rule: "P4")
            // It would look like the end of the graph.
            if error is CancellationError, !Task.isCancelled { try violated("P9", "it failed: \(error)") }
            throw error
        }
        guard let events else {
            try await endsForGood(demand)
            return nil
        }
        if events.count > demand, events.count - demand > surplus {
            try violated("P1", "asked for \(demand) events, a call returned \(events.count)")
        }
        if events.isEmpty, record.cameToNothing(demand: demand, at: clock.now) > 100 {
            try violated("P2", "it was called 100 times in a row for nothing, with a demand of \(demand)")
        }
        return events
    }

    private mutating func endsForGood(_ demand: Int) async throws {
        // An interrupted call may say that it ends without being at its end.
        guard !Task.isCancelled, let more = try await base.handleDemand(demand) else { return }
        try violated("P6", "after its end it returned \(more.count) events")
    }

    private func violated(_ rule: String, _ message: String) throws {
        record.violated(rule, message)
        throw Stop()
    }
}
