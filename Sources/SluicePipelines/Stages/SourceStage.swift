import Sluice
import Synchronization

/// A pipeline's producer, which says when it has finished.
struct SourceStage<Source: Producer>: Producer {
    private var source: Source
    private let finished: @Sendable () -> Void

    init(_ source: Source, finished: @escaping @Sendable () -> Void) {
        self.source = source
        self.finished = finished
    }

    mutating func handleDemand(_ demand: Int) async throws -> [Source.Output]? {
        let messages = try await source.handleDemand(demand)
        if messages == nil { finished() }
        return messages
    }
}

/// Counts producers that have finished.
final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let zero: @Sendable () -> Void

    init(from count: Int, zero: @escaping @Sendable () -> Void) {
        left = Atomic(count)
        self.zero = zero
    }

    func next() {
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { zero() }
    }
}
