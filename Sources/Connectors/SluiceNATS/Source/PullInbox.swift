import CLibNATS
import SluicePostgres
import Synchronization

/// Where the library puts what it receives, from a thread of its own, and where a source takes it.
final class PullInbox: Sendable {
    private struct State {
        var pulls: PullRequests
        var waiter: Call<Void>?
        /// Whether something has happened since the last wait.
        var isRaised = false
    }

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
        return state.withLock { $0.pulls.next(demand, at: time) }
    }

    func notSent() { state.withLock { $0.pulls.notSent() } }

    func end() -> [Delivery] { state.withLock { $0.pulls.end() } }

    func happened(_ event: ConnectionEvent) { change { $0.happened(event) } }

    /// Waits until something has happened since the last wait.
    ///
    /// - Throws: `CancellationError`.
    func wait() async throws {
        let call = Call<Void>()
        try await call.wait {
            let isRaised = state.withLock { state in
                defer { state.isRaised = false }
                if !state.isRaised { state.waiter = call }
                return state.isRaised
            }
            if isRaised { call.perform {} }
        }
    }

    private func change<Result>(_ body: (inout PullRequests) -> Result) -> Result {
        let (result, waiter) = state.withLock { state in
            let result = body(&state.pulls)
            // Also if somebody waits: a wait that was cancelled leaves its call here.
            state.isRaised = true
            return (result, state.waiter.take())
        }
        waiter?.perform {}
        return result
    }

    /// Takes a message from the library, and frees it.
    func receive(_ message: OpaquePointer?, on connection: OpaquePointer?) {
        defer { natsMsg_Destroy(message) }
        let time = now()
        if let delivery = Delivery(message) {
            switch change({ $0.received(delivery, at: time) }) {
            case .kept, .dropped: break
            // Nobody waits for it here: it goes to whoever asks next.
            case .unwanted: natsConnection_PublishString(connection, delivery.reply, "-NAK")
            }
            return
        }
        guard let code = Delivery.header(message, "Status").flatMap({ Int($0) }),
            let subject = natsMsg_GetSubject(message).map({ String(cString: $0) }),
            let number = subject.split(separator: ".").last.flatMap({ UInt64($0) })
        else { return }
        let text = Delivery.header(message, "Description") ?? ""
        change { $0.told(code, text, of: number, at: time) }
    }
}
