import Synchronization

/// A clock that moves only when a test moves it.
///
/// On a ``DeterministicExecutor`` the executor moves its own clock: to the next sleeper when nothing else can happen.
/// Elsewhere the test does, with ``advance(by:)``:
///
/// ```swift
/// let clock = TestClock()
/// let limiter = RateLimiter(clock: clock)
/// clock.advance(by: .seconds(1))
/// ```
///
/// Sleepers are resumed in the order of their times; as jobs of their own executor, so what they do next is done there.
public final class TestClock: Clock {
    /// A time of this clock: the duration since it was made.
    public struct Instant: InstantProtocol {
        /// The duration since the clock was made.
        public let offset: Duration

        /// A later (or earlier) time.
        public func advanced(by duration: Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        /// How long it is from this time to another.
        public func duration(to other: Instant) -> Duration {
            other.offset - offset
        }

        /// Orders times.
        public static func < (left: Instant, right: Instant) -> Bool {
            left.offset < right.offset
        }
    }

    private struct Sleeper {
        let id: Int
        let deadline: Instant
        let continuation: UnsafeContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var nextID = 0
        var sleepers: [Sleeper] = []
        var cancelledEarly: Set<Int> = []
    }

    private let state = Mutex(State())

    /// Makes a clock that stands at 0.
    public init() {}

    /// The current time.
    public var now: Instant { state.withLock { $0.now } }

    /// The smallest step between two times.
    public var minimumResolution: Duration { .zero }

    /// Waits until the clock has been moved to a time.
    ///
    /// - Parameters:
    ///   - deadline: When to go on.
    ///   - tolerance: Ignored.
    /// - Throws: `CancellationError` if the task is cancelled before.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Swift.Result<Void, any Error>? in
                    if state.cancelledEarly.remove(id) != nil { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers.append(Sleeper(id: id, deadline: deadline, continuation: continuation))
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelledEarly.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Moves the clock and wakes the sleepers whose time has come, earliest first.
    ///
    /// - Parameter duration: How far, at least 0.
    public func advance(by duration: Duration) {
        wake { $0.now.advanced(by: duration) }
    }

    /// Moves the clock to the earliest sleeper's time.
    ///
    /// - Returns: False if nobody sleeps.
    public func advanceToNextSleeper() -> Bool {
        wake { $0.sleepers.map(\.deadline).min() }
    }

    @discardableResult
    private func wake(_ target: (State) -> Instant?) -> Bool {
        let due = state.withLock { state -> [Sleeper]? in
            guard let target = target(state) else { return nil }
            state.now = Swift.max(state.now, target)
            let due = state.sleepers.filter { $0.deadline <= state.now }.sorted { $0.deadline < $1.deadline }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due
        }
        guard let due else { return false }
        for sleeper in due { sleeper.continuation.resume() }
        return true
    }
}
