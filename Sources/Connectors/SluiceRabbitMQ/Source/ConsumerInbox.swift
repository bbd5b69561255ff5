import SluicePostgres
import Synchronization

/// What a source asks of its thread.
final class ConsumerInbox: Sendable {
    /// What became of messages of one channel.
    struct Settlement: Sendable {
        var generation: Int
        var handled: [UInt64]
        var failed: [UInt64]
    }

    enum Command {
        /// Wants so many messages, or fewer if there are any.
        case receive(Int, Call<[Delivery]>)
        /// Wants no more: what was not handed out goes back to the queue.
        case stop
        case settle(Settlement, Call<Void>)
        /// Ends the connection and the thread.
        case close
    }

    private let commands = Mutex<[Command]>([])

    /// Signalled when there is a command.
    let wakeUp = WakeUp()

    func append(_ command: Command) {
        commands.withLock { $0.append(command) }
        wakeUp.signal()
    }

    func take() -> [Command] {
        commands.withLock { commands in
            defer { commands = [] }
            return commands
        }
    }
}
