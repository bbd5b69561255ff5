package import SluicePostgres
import Synchronization

/// What is asked of the thread of a sink that has many requests under way.
package final class SinkInbox: Sendable {
    /// What the thread has to do.
    package enum Command {
        case open(Call<Void>)
        case send([OutgoingMessage], Call<[SendResult]>)
        /// Gives everything up and ends the thread.
        case close(Call<Void>?)
    }

    private struct State {
        var commands: [Command] = []
        var isClosed = false
    }

    private let name: String
    private let state = Mutex(State())

    /// Signalled when there is a command.
    package let wakeUp = WakeUp()

    /// Starts empty.
    ///
    /// - Parameter name: The sink's name in messages.
    package init(name: String) {
        self.name = name
    }

    /// Hands a command to the thread, and waits for the answer.
    ///
    /// - Throws: ``SinkError`` with the code `notOpen` after ``close()``; else what the thread fails the call with, or
    ///   `CancellationError`.
    package func ask<Result: Sendable>(_ command: (Call<Result>) -> Command) async throws -> Result {
        let call = Call<Result>()
        return try await call.wait {
            if !append(command(call)) { call.fail(SinkError(.notOpen, "\(name) is closed.")) }
        }
    }

    /// Ends the thread, without waiting for that; does nothing if that was asked for before.
    package func close() {
        _ = append(.close(nil))
    }

    /// The thread takes what was asked since the last time, in its order.
    package func take() -> [Command] {
        state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// Whether the command will be carried out: none was `close` before.
    private func append(_ command: Command) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isClosed else { return false }
            if case .close = command { state.isClosed = true }
            state.commands.append(command)
            return true
        }
        if isTaken { wakeUp.signal() }
        return isTaken
    }
}
