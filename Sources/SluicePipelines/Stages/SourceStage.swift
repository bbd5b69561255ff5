import Sluice
import Synchronization

/// A pipeline's producer: asked for no more than its rate allows, and says when it has finished.
struct SourceStage<Source: Producer>: Producer {
    private var source: Source
    private let limit: RateLimit?
    private let finished: @Sendable () -> Void

    init(_ source: Source, limit: RateLimit?, finished: @escaping @Sendable () -> Void) {
        self.source = source
        self.limit = limit
        self.finished = finished
    }

    mutating func handleDemand(_ demand: Int) async throws -> [Source.Output]? {
        // A drain ends the wait, and the source is not asked again.
        guard let allowed = try? await limit?.take(upTo: demand) ?? demand else { return [] }
        do {
            let messages = try await source.handleDemand(allowed)
            limit?.giveBack(max(0, allowed - (messages?.count ?? 0)))
            if messages == nil { finished() }
            return messages
        } catch {
            limit?.giveBack(allowed)
            throw error
        }
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
