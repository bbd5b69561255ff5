import SluicePostgres
import SluiceSinks
import Synchronization

/// What a sink asks of its thread.
final class PublisherInbox: Sendable {
    enum Command {
        case open(Call<Void>)
        case send([OutgoingMessage], Call<[SendResult]>)
        /// Gives everything up and ends the thread.
        case close(Call<Void>?)
    }

    private struct State {
        var commands: [Command] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Signalled when there is a command.
    let wakeUp = WakeUp()

    /// Whether the command will be carried out: none was `close` before.
    func append(_ command: Command) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isClosed else { return false }
            if case .close = command { state.isClosed = true }
            state.commands.append(command)
            return true
        }
        if isTaken { wakeUp.signal() }
        return isTaken
    }

    func take() -> [Command] {
        state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
    }
}
