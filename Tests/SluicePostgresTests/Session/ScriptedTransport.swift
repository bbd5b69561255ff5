import Glibc
import Synchronization

@testable import SluicePostgres

/// A server that a test writes: what it sends is queued, what it gets is recorded.
final class ScriptedServer: Sendable {
    struct Status: Equatable {
        var flush: UInt64
        var wantsReply: Bool
    }

    private struct State {
        var queued: [[UInt8]] = []
        var statuses: [Status] = []
        var starts: [LSN] = []
        var streams: [Bool] = []
        var startFailures: [ReplicationError] = []
        var failure: ReplicationError?
        var reads = 0
        var finishes = 0
        var closes = 0
    }

    private let state = Mutex(State())
    /// Readable while something is queued.
    let signal = WakeUp()

    var statuses: [Status] { state.withLock { $0.statuses } }
    var starts: [LSN] { state.withLock { $0.starts } }
    /// Which of the sessions wanted open transactions.
    var streams: [Bool] { state.withLock { $0.streams } }
    var reads: Int { state.withLock { $0.reads } }
    var finishes: Int { state.withLock { $0.finishes } }
    var closes: Int { state.withLock { $0.closes } }

    func send(_ frames: [UInt8]...) {
        state.withLock { $0.queued += frames }
        signal.signal()
    }

    /// Lets the next read, after what is queued, fail.
    func breakSession(_ error: ReplicationError) {
        state.withLock { $0.failure = error }
        signal.signal()
    }

    func refuseStart(_ error: ReplicationError) {
        state.withLock { $0.startFailures.append(error) }
    }

    func makeTransport() -> any ReplicationTransport { Transport(server: self) }

    private final class Transport: ReplicationTransport {
        private let server: ScriptedServer
        private var read: [[UInt8]] = []

        init(server: ScriptedServer) {
            self.server = server
        }

        var descriptor: Int32 { server.signal.descriptor }

        func start(from position: LSN, openTransactions: Bool) throws(ReplicationError) {
            let failure: ReplicationError? = server.state.withLock { state in
                state.starts.append(position)
                state.streams.append(openTransactions)
                return state.startFailures.isEmpty ? nil : state.startFailures.removeFirst()
            }
            if let failure { throw failure }
        }

        func isReadable() -> Bool {
            server.state.withLock { !$0.queued.isEmpty || $0.failure != nil }
        }

        func consumeInput() throws(ReplicationError) {
            server.signal.reset()
            let (frames, failure) = server.state.withLock { state in
                defer {
                    if state.queued.isEmpty { state.failure = nil }
                    state.queued = []
                    state.reads += 1
                }
                return (state.queued, state.queued.isEmpty ? state.failure : nil)
            }
            if let failure { throw failure }
            read += frames
        }

        func nextFrame(
            _ body: (UnsafeRawBufferPointer) throws(ReplicationError) -> Void
        ) throws(ReplicationError) -> Bool {
            guard !read.isEmpty else { return false }
            let frame = read.removeFirst()
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: frame.count, alignment: 1)
            defer { copy.deallocate() }
            copy.copyBytes(from: frame)
            try body(UnsafeRawBufferPointer(copy))
            return true
        }

        func send(_ status: [UInt8]) throws(ReplicationError) {
            let flush = status[9..<17].reduce(0) { $0 << 8 | UInt64($1) }
            server.state.withLock { $0.statuses.append(Status(flush: flush, wantsReply: status[33] == 1)) }
        }

        func flush() throws(ReplicationError) -> Bool { true }

        func finish(within limit: Duration) {
            server.state.withLock { $0.finishes += 1 }
        }

        func close() {
            server.state.withLock { $0.closes += 1 }
        }
    }
}

/// A budget that a test opens and closes, and that keeps the account.
final class SwitchedBudget: ReadBudget {
    private struct State {
        var isOpen: Bool
        var balance = 0
        var refusals = 0
    }

    private let state: Mutex<State>
    private let refused = AsyncStream<Void>.makeStream()

    init(isOpen: Bool) {
        state = Mutex(State(isOpen: isOpen))
    }

    let readUnit = 256 << 10
    var balance: Int { state.withLock { $0.balance } }
    var isHalfFree: Bool { state.withLock { $0.isOpen } }

    func open() {
        state.withLock { $0.isOpen = true }
    }

    /// Waits until a reservation was refused.
    func waitForRefusal() async {
        for await _ in refused.stream { return }
    }

    func reserve(bytes: Int) -> Bool {
        let isOpen = state.withLock { state in
            if state.isOpen { state.balance += bytes }
            return state.isOpen
        }
        if !isOpen { refused.continuation.yield() }
        return isOpen
    }

    func settle(reserved: Int, used: Int) {
        state.withLock { $0.balance += used - reserved }
    }
}
