internal import Glibc
internal import Synchronization

/// A place on the way from slot to sink at which a test lets the process end, halt or fail.
///
/// The environment variable `SLUICE_FAILPOINT` arms one of them: `delivered:17:kill` is the 17th time that a batch was
/// delivered. Without it, passing one costs a comparison for each batch.
package enum Failpoint: String, Sendable {
    /// Events were read from the socket and are about to be handed over.
    case read
    /// A processor has decoded a batch.
    case decoded
    /// The reorder buffer is about to release events.
    case released
    /// The log has written records, and they are not durable yet.
    case logged
    /// Messages are among the dead letters, and an ordered sink has not gone past them.
    case buried
    /// The sink has made a batch durable, and nobody knows yet.
    case delivered
    /// The state file has a new checkpoint, and the server has not heard of it.
    case saved
    /// A status was sent to the server.
    case reported

    private enum Action: String {
        /// The process ends as by `kill -9`.
        case kill
        /// The process halts until it is continued or killed.
        case stop
        /// The place throws, once.
        case fail
    }

    private final class Armed: Sendable {
        let point: Failpoint
        let passing: Int
        let action: Action
        let count = Atomic(0)

        init(point: Failpoint, passing: Int, action: Action) {
            self.point = point
            self.passing = passing
            self.action = action
        }
    }

    private static let armed = arm()

    /// Tells that the process is at this place.
    ///
    /// - Throws: A `failpoint` error, if a test asked for it.
    package func pass() throws(ReplicationError) {
        guard Self.armed?.point == self else { return }
        try act()
    }

    private func act() throws(ReplicationError) {
        guard let armed = Self.armed, armed.count.add(1, ordering: .relaxed).newValue == armed.passing else { return }
        switch armed.action {
        case .kill: kill(getpid(), SIGKILL)
        case .stop: kill(getpid(), SIGSTOP)
        case .fail: throw ReplicationError(.failpoint, "The failpoint \(rawValue) was reached.")
        }
    }

    private static func arm() -> Armed? {
        guard let text = getenv("SLUICE_FAILPOINT").map({ String(cString: $0) }) else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let point = Failpoint(rawValue: parts[0]), let passing = Int(parts[1]),
            let action = Action(rawValue: parts[2])
        else {
            // A test that arms nothing would prove nothing.
            var message = "SLUICE_FAILPOINT=\(text) is not PLACE:NUMBER:kill|stop|fail.\n"
            message.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
            exit(2)
        }
        return Armed(point: point, passing: passing, action: action)
    }
}
