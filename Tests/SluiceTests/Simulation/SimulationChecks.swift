import SluiceTesting

@testable import Sluice

struct SimulationViolation: Error, CustomStringConvertible {
    var description: String
}

/// The laws that hold between any two jobs, when nothing is under way.
struct SimulationChecks {
    let plan: SimulationPlan

    func check(_ snapshots: [StageSnapshot], _ journal: SimulationJournal) throws {
        if let violation = journal.violation { throw SimulationViolation(description: violation) }
        var producers: [SubscriptionID: EdgeBooks] = [:]
        var underWay: [SubscriptionID: Int] = [:]
        for (index, stage) in snapshots.enumerated() {
            for edge in stage.outgoing {
                producers[edge.subscription] = edge
                try require(edge.asked >= edge.delivered, "\(edge.subscription) was given more than it asked for")
            }
            for ask in stage.books.pendingAsks + stage.books.deferredAsks {
                underWay[ask.subscription, default: 0] += ask.count
            }
            let books = stage.books
            let name = stage.name
            let keeps = plan.dispatchers[index].keeps
            try require(
                books.held == 0 || books.capacity == 0 || keeps,
                "'\(name)' holds events that consumers want"
            )
            try require(
                books.held == 0 || books.pendingAsks.isEmpty || keeps,
                "'\(name)' holds events and has not seen asks"
            )
            try require(
                books.held <= journal.largestEmission(of: index) + (keeps ? 100 * SimulatedDispatcher.limit : 0),
                "'\(name)' holds \(books.held) events, more than one call emitted"
            )
        }
        for stage in snapshots {
            var room = 0
            for edge in stage.books.incoming {
                let id = edge.subscription
                let outstanding = edge.asked - edge.delivered
                try require(outstanding >= 0, "\(id): outstanding \(outstanding)")
                if let window = journal.window(of: id) {
                    try require(outstanding <= window, "\(id): outstanding \(outstanding) of \(window)")
                    room += window
                } else {
                    room = 1_000_000
                }
                // The producer does not know the subscription yet, or has finished it.
                guard let producer = producers[id] else { continue }
                let onTheWay = underWay[id, default: 0]
                try require(
                    edge.asked == producer.asked + onTheWay,
                    "\(id): asked \(edge.asked), arrived \(producer.asked), under way \(onTheWay)"
                )
                try require(
                    edge.delivered == producer.delivered,
                    "\(id): delivered \(producer.delivered), received \(edge.delivered)"
                )
            }
            try require(stage.books.waiting <= room, "'\(stage.name)' keeps \(stage.books.waiting) of \(room)")
        }
    }

    private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        guard condition else { throw SimulationViolation(description: message()) }
    }
}
