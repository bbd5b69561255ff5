/// How one subscription ended, and who waits to know.
final class SubscriptionEnding: Sendable {
    private enum State {
        case open([UnsafeContinuation<SubscriptionEnd, Never>])
        case ended(SubscriptionEnd)
    }

    private let state = Lock(State.open([]))

    /// The first end counts.
    func resolve(_ end: SubscriptionEnd) {
        let waiters = state.withLock { state -> [UnsafeContinuation<SubscriptionEnd, Never>] in
            guard case .open(let waiters) = state else { return [] }
            state = .ended(end)
            return waiters
        }
        for waiter in waiters { waiter.resume(returning: end) }
    }

    /// Waits for the end; every subscription ends when its graph does at the latest.
    var end: SubscriptionEnd {
        get async {
            await withUnsafeContinuation { continuation in
                let end = state.withLock { state -> SubscriptionEnd? in
                    switch state {
                    case .open(let waiters):
                        state = .open(waiters + [continuation])
                        return nil
                    case .ended(let end):
                        return end
                    }
                }
                if let end { continuation.resume(returning: end) }
            }
        }
    }
}
