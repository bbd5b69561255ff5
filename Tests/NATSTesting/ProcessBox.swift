import ConnectorTesting
import Synchronization

/// The process of a server that may be started several times.
final class ProcessBox: Sendable {
    private let process = Mutex<ServerProcess?>(nil)

    /// Ends the process before, and keeps another, or none.
    func replace(_ next: ServerProcess?) {
        process.withLock { process in
            process?.kill()
            process = next
        }
    }

    /// Lets the process answer nothing any more.
    func freeze() {
        process.withLock { $0?.freeze() }
    }
}
