/// A byte account that a graph shares: what its stages hold is bounded in bytes, however unequal its events are.
///
/// Demand counts events; a budget counts what they weigh. The source reserves before it reads, and corrects the
/// reservation to the real size afterwards; later stages may correct it too, without waiting. Every way out of the
/// graph releases exactly once, so at the end the account is 0.
///
/// Reserve only at the source and in the order of the events: then whoever must finish first always has its bytes, and
/// the account cannot lock up.
public final class Budget: Sendable {
    fileprivate struct State {
        var held = 0
        var peak = 0
        /// The smallest reservation that was refused, until there is room for it.
        var refused: Int?
        var wake: (@Sendable () -> Void)?
    }

    private let state = Lock(State())

    /// How many bytes may be held.
    public let capacity: Int

    /// Makes an empty account.
    ///
    /// - Parameter capacity: How many bytes may be held, at least 1.
    public init(capacity: Int) {
        precondition(capacity > 0, "A budget holds at least one byte, not \(capacity)")
        self.capacity = capacity
    }

    /// How many bytes are held.
    public var held: Int { state.withLock { $0.held } }

    /// The most that was ever held.
    public var peak: Int { state.withLock { $0.peak } }

    /// Whether a reservation was refused for which there is no room yet.
    public var isExhausted: Bool { state.withLock { $0.refused != nil } }

    /// Sets what is called when a refused reservation would succeed.
    ///
    /// Of several reservations that wait, the smallest counts: when there is room for it, all of them try again.
    ///
    /// - Parameter wake: Called once for each refusal, on the thread that releases; it must not block.
    public func whenRoomReturns(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// Takes bytes if there is room for them, or if the account is empty: one event of any size is always admitted.
    ///
    /// - Parameter bytes: How many, at least 1.
    /// - Returns: Whether they were taken.
    public func reserve(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard state.held == 0 || state.held + bytes <= capacity else {
                state.refused = min(state.refused ?? bytes, bytes)
                return false
            }
            // Another's refusal stands: room for these bytes is not yet room for those.
            state.add(bytes)
            return true
        }
    }

    /// Corrects what is held to the real size of something; it never refuses.
    ///
    /// - Parameter difference: How many bytes more, or fewer if negative.
    public func correct(by difference: Int) {
        if difference > 0 {
            state.withLock { $0.add(difference) }
        } else if difference < 0 {
            release(-difference)
        }
    }

    /// Gives bytes back.
    ///
    /// - Parameter bytes: How many, at least 0 and at most what is held.
    public func release(_ bytes: Int) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            assert(bytes <= state.held, "Released \(bytes) bytes of \(state.held)")
            state.held -= bytes
            guard let refused = state.refused, state.held == 0 || state.held + refused <= capacity else { return nil }
            state.refused = nil
            return state.wake
        }
        wake?()
    }
}

extension Budget.State {
    fileprivate mutating func add(_ bytes: Int) {
        held += bytes
        peak = max(peak, held)
    }
}
