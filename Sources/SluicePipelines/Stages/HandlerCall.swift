public import Sluice

/// Calls of a user's handler, each with an end, as often as it may be tried.
@usableFromInline
struct HandlerCall: Sendable {
    @usableFromInline let timeout: Duration?
    @usableFromInline let retry: RetryPolicy
    @usableFromInline let clock: any Clock<Duration>

    @inlinable
    init(timeout: Duration?, retry: RetryPolicy = .never, clock: any Clock<Duration>) {
        self.timeout = timeout
        self.retry = retry
        self.clock = clock
    }

    /// Whether a call is nothing but a call.
    @inlinable var isPlain: Bool { timeout == nil && retry.isOneAttempt }

    /// Calls a handler until it succeeds, or has refused, or has failed often enough.
    ///
    /// - Parameter body: The handler; its task is cancelled when the time of one attempt is over.
    /// - Returns: What it returns.
    /// - Throws: ``MessageFailure`` of its last attempt.
    @inlinable
    func run<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws(MessageFailure) -> Result {
        var retry = retry
        var failures = 0
        while true {
            do {
                return try await attempt(body)
            } catch {
                failures += 1
                guard error.isWorthAnotherAttempt, !Task.isCancelled, let wait = retry.delay(after: failures),
                    (try? await clock.sleep(for: wait)) != nil
                else { throw error }
            }
        }
    }

    /// Calls a handler once.
    ///
    /// - Parameter body: The handler; its task is cancelled when the time is over.
    /// - Returns: What it returns.
    /// - Throws: ``MessageFailure`` of what it throws, or of its taking too long, also if it returns something then.
    @inlinable
    func attempt<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws(MessageFailure) -> Result {
        guard let timeout else {
            do { return try await body() } catch { throw MessageFailure(error) }
        }
        let clock = clock
        let outcome = await withTaskGroup(of: Swift.Result<Result, MessageFailure>?.self) { group in
            group.addTask {
                do { return .success(try await body()) } catch { return .failure(MessageFailure(error)) }
            }
            group.addTask {
                // A sleep that is cancelled is of a handler that was in time.
                (try? await clock.sleep(for: timeout)) == nil
                    ? nil
                    : .failure(MessageFailure(.timedOut, "The handler took longer than \(timeout)"))
            }
            var first: Swift.Result<Result, MessageFailure>?
            for await outcome in group where first == nil && outcome != nil {
                first = outcome
                group.cancelAll()
            }
            return first ?? .failure(MessageFailure(.timedOut, "The handler's task was cancelled"))
        }
        return try outcome.get()
    }
}
