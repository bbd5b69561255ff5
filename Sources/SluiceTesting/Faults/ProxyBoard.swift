internal import Foundation
internal import Synchronization

/// What passes between a proxy's users and its thread.
final class ProxyBoard: Sendable {
    struct State {
        var faults = NetworkFaults()
        /// How often all connections were to be reset.
        var cuts = 0
        var isStopped = false
        var connectionCount = 0
        var acceptedCount = 0
        /// They wait until the thread has done what was asked.
        var waiters: [DispatchSemaphore] = []
        var hasEnded = false
    }

    /// The thread polls it: readable after each change.
    let descriptor: Int32
    private let writingEnd: Int32
    private let state = Mutex(State())

    init() throws(FaultProxyError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw FaultProxyError("The system refused a pipe", errno: errno) }
        (descriptor, writingEnd) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(descriptor)
        close(writingEnd)
    }

    func read<Value: Sendable>(_ key: KeyPath<State, Value>) -> Value {
        state.withLock { $0[keyPath: key] }
    }

    /// Changes the state and waits until the thread has acted on it.
    func change(_ body: (inout State) -> Void) {
        let done = DispatchSemaphore(value: 0)
        let hasEnded = state.withLock { state in
            body(&state)
            if !state.hasEnded { state.waiters.append(done) }
            return state.hasEnded
        }
        if hasEnded { return }
        // A full pipe wakes as well.
        var byte: UInt8 = 1
        _ = write(writingEnd, &byte, 1)
        done.wait()
    }

    /// For the thread: the state, after the pipe has been emptied.
    func take() -> State {
        var bytes = [UInt8](repeating: 0, count: 64)
        while Foundation.read(descriptor, &bytes, bytes.count) == bytes.count {}
        return state.withLock(\.self)
    }

    /// For the thread: what it took has been done.
    func done(_ taken: State, connectionCount: Int, newlyAccepted: Int) {
        state.withLock { state in
            state.connectionCount = connectionCount
            state.acceptedCount += newlyAccepted
            state.waiters.removeFirst(taken.waiters.count)
            state.hasEnded = taken.isStopped
            // A stop that came meanwhile finds that there is nothing to wait for.
            if state.hasEnded { for waiter in state.waiters { waiter.signal() } }
        }
        for waiter in taken.waiters { waiter.signal() }
    }
}
