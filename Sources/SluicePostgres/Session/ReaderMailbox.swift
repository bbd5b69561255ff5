internal import Synchronization

/// What passes between a reader's callers and its thread.
final class ReaderMailbox: Sendable {
    /// How the thread is to end.
    enum Stop: Sendable {
        /// With a last status and the protocol's own end, within a short time.
        case finish
        /// By closing the connection.
        case close
    }

    private struct State {
        var call: ReadCall?
        var stop: Stop?
        var isSettling = false
        var isConnecting = false
        var hasEnded = false
        var stopWaiters: [UnsafeContinuation<Void, Never>] = []
        var snapshot = SlotReaderSnapshot()
    }

    /// The thread polls it together with the socket.
    let wake = WakeUp()
    private let state = Mutex(State())

    var snapshot: SlotReaderSnapshot { state.withLock { $0.snapshot } }

    // MARK: From the callers

    func begin(_ call: ReadCall) {
        let isOver = state.withLock { state in
            precondition(
                state.call?.isWaiting != true,
                "A slot's reader was asked while it still answers another call."
            )
            state.call = call
            return state.hasEnded || (state.stop != nil && state.isConnecting)
        }
        if isOver { _ = call.finish(nil) } else { wake.signal() }
    }

    func settle() {
        state.withLock { $0.isSettling = true }
        wake.signal()
    }

    func requestStop(_ stop: Stop, _ waiter: UnsafeContinuation<Void, Never>? = nil) {
        let (waiter, call) = state.withLock { state in
            state.stop = state.stop ?? stop
            if stop == .close { state.stop = .close }
            // A thread that connects ends by itself when the attempt does; nobody waits for that.
            let isOver = state.hasEnded || state.isConnecting
            if !isOver, let waiter { state.stopWaiters.append(waiter) }
            return (isOver ? waiter : nil, isOver ? state.call : nil)
        }
        waiter?.resume()
        _ = call?.finish(nil)
        wake.signal()
    }

    // MARK: From the thread

    /// The call that waits, if any, and how to end, if so.
    func request() -> (call: ReadCall?, stop: Stop?) {
        state.withLock { state in
            if state.call?.isWaiting != true { state.call = nil }
            return (state.call, state.stop)
        }
    }

    var isSettling: Bool { state.withLock { $0.isSettling } }

    func publish(_ snapshot: SlotReaderSnapshot) {
        state.withLock { $0.snapshot = snapshot }
    }

    /// Says that the thread blocks in connecting; `false` if it is to end instead.
    func beginConnecting() -> Bool {
        state.withLock { state in
            guard state.stop == nil else { return false }
            state.isConnecting = true
            return true
        }
    }

    func endConnecting() {
        state.withLock { $0.isConnecting = false }
    }

    func end() {
        let (call, waiters) = state.withLock { state in
            state.hasEnded = true
            state.snapshot.state = .finished
            defer { state.stopWaiters = [] }
            return (state.call, state.stopWaiters)
        }
        _ = call?.finish(nil)
        for waiter in waiters { waiter.resume() }
    }
}
