import SluicePostgres
import Synchronization

/// Tells a thread that waits, for a server or for time to pass, that it shall not go on.
final class Closing: Sendable {
    /// Readable from ``begin()`` on.
    let wakeUp = WakeUp()
    private let hasBegun = Atomic(false)

    /// Ends all waits, now and later.
    func begin() {
        hasBegun.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    /// Waits.
    ///
    /// - Returns: `false` if the wait was ended.
    func pause(_ duration: Duration) -> Bool {
        if hasBegun.load(ordering: .acquiring) { return false }
        wakeUp.wait(milliseconds: Int64(duration / .milliseconds(1)))
        return !hasBegun.load(ordering: .acquiring)
    }
}
