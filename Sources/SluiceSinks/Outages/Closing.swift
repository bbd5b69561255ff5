package import SluicePostgres
import Synchronization

/// Tells a thread that waits, for a server or for time to pass, that it shall not go on.
package final class Closing: Sendable {
    /// Readable from ``begin()`` on.
    package let wakeUp = WakeUp()
    private let hasBegun = Atomic(false)

    /// Nothing waits yet.
    package init() {}

    /// Ends all waits, now and later.
    package func begin() {
        hasBegun.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    /// Waits.
    ///
    /// - Parameter duration: How long.
    /// - Returns: `false` if the wait was ended.
    package func pause(_ duration: Duration) -> Bool {
        if hasBegun.load(ordering: .acquiring) { return false }
        wakeUp.wait(milliseconds: Int64(duration / .milliseconds(1)))
        return !hasBegun.load(ordering: .acquiring)
    }
}
