import CLibNATS
import SluicePostgres
import Synchronization

/// Where the library puts what it receives, from a thread of its own, and where a source takes it.
final class PullInbox: Sendable {
    private struct State {
        var pulls: PullRequests
        var waiter: Call<Void>?
        /// Whether something has happened since the last step was asked for.
        var isRaised = false
    }

    /// So many messages do not wait for the last of those that come together.
    private static let most = 128

    private let state: Mutex<State>
    let now: @Sendable () -> Duration

    /// Starts empty.
    ///
    /// - Parameters:
    ///   - pulls: Decides.
    ///   - now: The time since some moment.
    init(_ pulls: PullRequests, now: @escaping @Sendable () -> Duration) {
        state = Mutex(State(pulls: pulls))
        self.now = now
    }

    func next(_ demand: Int) -> PullRequests.Step {
        let time = now()
        return state.withLock { state in
            state.isRaised = false
            return state.pulls.next(demand, at: time)
        }
    }

    func notSent() { state.withLock { $0.pulls.notSent() } }

    func end() -> [Delivery] { state.withLock { $0.pulls.end() } }

    func happened(_ event: ConnectionEvent) {
        state.withLock { $0.pulls.happened(event) }
        raise()
    }

    /// Waits until something has happened since the last step was asked for.
    ///
    /// - Throws: `CancellationError`.
    func wait() async throws {
        let call = Call<Void>()
        try await call.wait {
            let isRaised = state.withLock { state in
                if !state.isRaised { state.waiter = call }
                return state.isRaised
            }
            if isRaised { call.perform {} }
        }
    }

    private func raise() {
        let waiter = state.withLock { state in
            // Also if somebody waits: a wait that was cancelled leaves its call here.
            state.isRaised = true
            return state.waiter.take()
        }
        waiter?.perform {}
    }

    /// Takes a message from the library, and frees it.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - isLast: Whether no other follows at once: then somebody is woken for all of them.
    ///   - connection: Where it came.
    func receive(_ message: OpaquePointer?, isLast: Bool, on connection: OpaquePointer?) {
        let count = take(message, on: connection)
        natsMsg_Destroy(message)
        if isLast || count.isMultiple(of: Self.most) { raise() }
    }

    /// - Returns: How many messages wait here.
    private func take(_ message: OpaquePointer?, on connection: OpaquePointer?) -> Int {
        let time = now()
        if let delivery = Delivery(message) {
            let (arrival, count) = state.withLock { ($0.pulls.received(delivery, at: time), $0.pulls.count) }
            // Nobody waits for it here: it goes to whoever asks next.
            if arrival == .unwanted { natsConnection_PublishString(connection, delivery.reply, "-NAK") }
            return count
        }
        if let code = Delivery.header(message, "Status").flatMap({ Int($0) }),
            let subject = natsMsg_GetSubject(message).map({ String(cString: $0) }),
            let number = subject.split(separator: ".").last.flatMap({ UInt64($0) })
        {
            let text = Delivery.header(message, "Description") ?? ""
            state.withLock { $0.pulls.told(code, text, of: number, at: time) }
        }
        return 0
    }
}
