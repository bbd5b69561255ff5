import Synchronization

/// Counts producers that have finished.
@usableFromInline
final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let zero: @Sendable () -> Void

    @usableFromInline
    init(from count: Int, zero: @escaping @Sendable () -> Void) {
        left = Atomic(count)
        self.zero = zero
    }

    @usableFromInline
    func next() {
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { zero() }
    }
}
