import SluicePipelines
import SluicePostgres
import Synchronization

/// What is asked of a consumer's thread.
final class ConsumerInbox: Sendable {
    enum Command {
        /// Messages are wanted; those of the command before have arrived.
        case take(Int, Call<[KafkaRecord]>)
        /// Messages have been handled, or have failed.
        case settle(AcknowledgedMessages, number: Int)
        /// The source has ended; the continuation is resumed at once if messages are in flight, and otherwise when the
        /// member has left its group.
        ///
        /// What a call brought that was cut off has not arrived.
        case end(CheckedContinuation<Void, Never>?, cutOff: Bool)
        /// Nobody can acknowledge anything any more.
        case abandon
    }

    private struct State {
        var commands: [Command] = []
        var isEnding = false
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Signalled when there is a command, or an event of the library.
    let wakeUp = WakeUp()

    /// Gives a command.
    ///
    /// - Returns: Whether it will be carried out: the thread has not ended.
    @discardableResult
    func append(_ command: Command) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isClosed else { return false }
            if case .end = command { state.isEnding = true }
            state.commands.append(command)
            return true
        }
        if isTaken { wakeUp.signal() }
        return isTaken
    }

    /// Whether the source has ended: then whoever acknowledges the last message waits until the member has left.
    var isEnding: Bool { state.withLock(\.isEnding) }

    func take() -> [Command] {
        state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// The thread ends.
    ///
    /// - Returns: What came in the meantime.
    func close() -> [Command] {
        state.withLock { state in
            state.isClosed = true
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// Says that the source has ended, and waits.
    ///
    /// Not for messages that are in flight, but for the member to leave its group if there are none. That has a limit, and
    /// cancellation does not cut it short: the last commit is part of it.
    ///
    /// - Parameter cutOff: Whether a call was cut off, and what it brought has not arrived.
    func end(cutOff: Bool) async {
        await withCheckedContinuation { continuation in
            if !append(.end(continuation, cutOff: cutOff)) { continuation.resume() }
        }
    }
}
