/// A byte account that a graph shares: what its stages hold is bounded in bytes, however unequal its events are.
///
/// Demand counts events; a budget counts what they weigh. The source reserves before it reads, and corrects the
/// reservation to the real size afterwards; later stages may correct it too, without waiting. Every way out of the
/// graph releases exactly once, so at the end the account is 0.
///
/// Reserve only at the source and in the order of the events: then whoever must finish first always has its bytes, and
/// the account cannot lock up.
///
/// With marks, whoever was refused is not called again for every bit of room: once the account has risen to its high
/// mark, it must first fall to its low mark. So a reader goes on in long runs and not byte by byte.
public final class Budget: Sendable {
    fileprivate struct State {
        var held = 0
        var peak = 0
        /// The smallest reservation that was refused, until those who were refused are called again.
        var refused: Int?
        /// How many were refused since then.
        var waiting = 0
        /// Since when the account has been waited for; noted just after the first refusal.
        var waitingSince: Duration?
        var waited = Duration.zero
        /// The account has risen to the high mark, and not yet fallen to the low one.
        var isHigh = false
        var wake: (@Sendable () -> Void)?
    }

    private let state = Lock(State())
    private let watch: Stopwatch

    /// How many bytes may be held.
    public let capacity: Int

    /// From how many held bytes on whoever was refused waits for the low mark.
    public let highMark: Int

    /// Down to how many bytes the account then falls before those who were refused are called again.
    public let lowMark: Int

    /// Makes an empty account.
    ///
    /// - Parameters:
    ///   - capacity: How many bytes may be held, at least 1.
    ///   - highMark: From how many held bytes on whoever was refused waits for the low mark, from 1 to `capacity`;
    ///     `capacity` if nil.
    ///   - lowMark: Down to how many bytes the account then falls, from 0 to `highMark`; `highMark` if nil: those who were
    ///     refused are called again as soon as there is room.
    ///   - clock: Measures how long the account is waited for.
    public init(
        capacity: Int,
        highMark: Int? = nil,
        lowMark: Int? = nil,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        let high = highMark ?? capacity
        let low = lowMark ?? high
        precondition(capacity > 0, "A budget holds at least one byte, not \(capacity)")
        precondition((1...capacity).contains(high), "The high mark is from 1 to the capacity \(capacity), not \(high)")
        precondition((0...high).contains(low), "The low mark is from 0 to the high mark \(high), not \(low)")
        self.capacity = capacity
        self.highMark = high
        self.lowMark = low
        watch = Stopwatch(clock)
    }

    /// How many bytes are held.
    public var held: Int { state.withLock { $0.held } }

    /// The most that was ever held.
    public var peak: Int { state.withLock { $0.peak } }

    /// Whether a reservation was refused, and whoever made it has not been called again.
    public var isExhausted: Bool { state.withLock { $0.refused != nil } }

    /// What the account holds, and how it has been waited for.
    public var snapshot: BudgetSnapshot {
        let now = watch.elapsed
        return state.withLock { state in
            let current = state.waitingSince.map { max(.zero, now - $0) } ?? .zero
            return BudgetSnapshot(
                capacity: capacity,
                held: state.held,
                peak: state.peak,
                waiting: state.waiting,
                secondsWaited: (state.waited + current) / .seconds(1)
            )
        }
    }

    /// Sets what is called when a refused reservation would succeed.
    ///
    /// Of several reservations that wait, the smallest counts: when there is room for it, and the account is not on its
    /// way from the high mark down to the low one, all of them try again.
    ///
    /// - Parameter wake: Called once for each refusal, on the thread that releases; it must not block.
    public func whenRoomReturns(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// Takes bytes if there is room for them, or if the account is empty: one event of any size is always admitted.
    ///
    /// - Parameter bytes: How many, at least 1.
    /// - Returns: Whether they were taken; the marks do not matter for this.
    public func reserve(_ bytes: Int) -> Bool {
        let (isGranted, isFirstRefusal) = state.withLock { state in
            guard state.held == 0 || state.held + bytes <= capacity else {
                state.refused = min(state.refused ?? bytes, bytes)
                state.waiting += 1
                return (false, state.waiting == 1)
            }
            // Another's refusal stands: room for these bytes is not yet room for those.
            add(bytes, to: &state)
            return (true, false)
        }
        if isFirstRefusal { noteWait() }
        return isGranted
    }

    /// Corrects what is held to the real size of something; it never refuses.
    ///
    /// - Parameter difference: How many bytes more, or fewer if negative.
    public func correct(by difference: Int) {
        if difference > 0 {
            state.withLock { add(difference, to: &$0) }
        } else if difference < 0 {
            release(-difference)
        }
    }

    /// Gives bytes back.
    ///
    /// - Parameter bytes: How many, at least 0 and at most what is held.
    public func release(_ bytes: Int) {
        let (wake, since) = state.withLock { state -> ((@Sendable () -> Void)?, Duration?) in
            assert(bytes <= state.held, "Released \(bytes) bytes of \(state.held)")
            state.held -= bytes
            if state.held <= lowMark { state.isHigh = false }
            guard let refused = state.refused, !state.isHigh else { return (nil, nil) }
            guard state.held == 0 || state.held + refused <= capacity else { return (nil, nil) }
            (state.refused, state.waiting) = (nil, 0)
            return (state.wake, state.waitingSince.take())
        }
        if let since {
            let end = watch.elapsed
            state.withLock { $0.waited += end - since }
        }
        wake?()
    }

    /// Notes when a wait has begun: after the refusal, for a clock is not asked under the lock.
    private func noteWait() {
        let now = watch.elapsed
        state.withLock { if $0.waiting > 0, $0.waitingSince == nil { $0.waitingSince = now } }
    }

    private func add(_ bytes: Int, to state: inout State) {
        state.held += bytes
        state.peak = max(state.peak, state.held)
        if state.held >= highMark { state.isHigh = true }
    }
}
