import Foundation

/// Counts what the engine, and a pipeline, allocate while they carry events, and fails if that is more than is promised.
///
/// A warm graph is counted, with the allocations of its setup taken away: two runs that differ only in their length. And
/// that is done with small and with large batches, because two figures are wanted: so many allocations for a batch, and
/// so many for an event.
@main
struct AllocationCheck {
    static let mostPerEvent = 0.001

    static func main() async throws {
        guard Cost.isCounted else {
            print("The allocations of this process are not counted: its malloc is not the one that is used.")
            exit(2)
        }
        print("Allocations of the engine, and of a pipeline: so many for a batch, none for an event")
        print("shape               per batch   per event")
        var holds = true
        for shape in Shape.all {
            let cost = try await Cost(of: shape)
            let isKept = cost.perBatch <= shape.mostPerBatch && abs(cost.perEvent) <= mostPerEvent
            print(
                shape.name.padding(toLength: 18, withPad: " ", startingAt: 0)
                    + String(format: "%11.3f %11.6f", cost.perBatch, cost.perEvent)
                    + (isKept ? "" : "  TOO MANY")
            )
            holds = holds && isKept
        }
        exit(holds ? 0 : 1)
    }
}
