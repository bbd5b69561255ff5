import SluicePostgres
import Synchronization

/// Tells a thread that waits for a cluster that nobody wants what it waits for any more.
final class StopFlag: Sendable {
    private let isRaisedNow = Atomic(false)

    /// Signalled when it is raised, and by the library when it has something to tell.
    let wakeUp = WakeUp()

    var isRaised: Bool { isRaisedNow.load(ordering: .acquiring) }

    func raise() {
        isRaisedNow.store(true, ordering: .releasing)
        wakeUp.signal()
    }
}
