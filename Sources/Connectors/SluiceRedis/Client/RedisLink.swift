import SluicePostgres
import Synchronization

/// A thread with a connection, which is made when it is needed, and anew after a failure.
final class RedisLink: Sendable {
    let address: RedisAddress
    let timeout: Duration
    private let thread = BlockingThread()
    // Only the thread takes this lock, so holding it over a blocking call keeps nobody waiting.
    private let connection = Mutex<RedisConnection?>(nil)
    /// Whether the last use of it went well.
    private let isConnected = Atomic(false)

    init(_ address: RedisAddress, timeout: Duration) {
        self.address = address
        self.timeout = timeout
    }

    /// Connects, unless that is done.
    ///
    /// - Throws: ``RedisFailure``; `CancellationError` promptly.
    func connect() async throws {
        try Task.checkCancellation()
        if isConnected.load(ordering: .relaxed) { return }
        try await run { _ in }
    }

    /// Does something with the connection.
    ///
    /// - Throws: ``RedisFailure``; `CancellationError` promptly, and what `body` comes to is then not known.
    func run<Result: Sendable>(_ body: @escaping @Sendable (RedisConnection) throws -> Result) async throws -> Result {
        try await thread.run { [self] in try use(body) }
    }

    /// Does something with the connection, whose result is not to be lost.
    ///
    /// - Parameters:
    ///   - interrupt: Readable from when the task is cancelled.
    ///   - body: Ends soon then.
    /// - Returns: What `body` returns.
    /// - Throws: ``RedisFailure``; what `body` throws.
    func runToEnd<Result: Sendable>(
        interruptedBy interrupt: WakeUp,
        _ body: @escaping @Sendable (RedisConnection) throws -> Result
    ) async throws -> Result {
        interrupt.reset()
        return try await withTaskCancellationHandler {
            try await thread.runToEnd { [self] in try use(body) }
        } onCancel: {
            interrupt.signal()
        }
    }

    private func use<Result: Sendable>(_ body: (RedisConnection) throws -> Result) throws -> Result {
        try connection.withLock { connection in
            let current = try connection ?? RedisConnection(address, timeout: timeout)
            // Whatever goes wrong: replies that nobody has read would be taken for those of later commands.
            connection = nil
            isConnected.store(false, ordering: .relaxed)
            let result = try body(current)
            connection = current
            isConnected.store(true, ordering: .relaxed)
            return result
        }
    }
}
