import Sluice
import SluicePostgres
import SluiceSinks

/// Decides whether a stream that failed starts again from its safe position, in the same process.
///
/// Pure: the time is given.
struct RestartPolicy {
    private static let limit = 3
    private static let period = Duration.seconds(60)
    private static let pause = Duration.milliseconds(500)

    private var restarts: [ContinuousClock.Instant] = []
    let standsBy: Bool

    init(standsBy: Bool) {
        self.standsBy = standsBy
    }

    /// How long to wait before the next start; `nil`: the failure ends the command.
    ///
    /// What the server or a sink has refused is told to the user at once: a restart would meet it again.
    mutating func pause(after error: any Error, at now: ContinuousClock.Instant) -> Duration? {
        switch Self.root(of: error) {
        case is CancellationError, is SinkError, is StageError:
            return nil
        case let error as ReplicationError where error.code == .slotClaimed:
            return standsBy ? Self.pause : nil
        case let error as ReplicationError where error.code != .serverChanged && error.code != .failpoint:
            return nil
        default:
            restarts.removeAll { $0.duration(to: now) > Self.period }
            guard restarts.count < Self.limit else { return nil }
            restarts.append(now)
            return Self.pause
        }
    }

    private static func root(of error: any Error) -> any Error {
        (error as? StageError)?.cause ?? error
    }
}
