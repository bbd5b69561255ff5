import Synchronization

/// Handles events, and counts them where the sampling thread sees it.
final class Handler: Sendable {
    private let count = Atomic(0)
    private let remainder = Atomic<UInt64>(0)

    var handled: Int { count.load(ordering: .relaxed) }

    func handle(_ events: [Event]) {
        for event in events {
            remainder.store(event.handled, ordering: .relaxed)
            count.add(1, ordering: .relaxed)
        }
    }
}
