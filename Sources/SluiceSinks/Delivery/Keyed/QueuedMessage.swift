/// A message in a ``KeyedQueue``.
struct QueuedMessage: Sendable {
    enum State: Sendable {
        /// For messages before it.
        case waiting
        /// To be sent.
        case ready
        case inFlight
        /// For its next attempt.
        case backingOff
        /// On its way to the dead letters.
        case refused
        /// The place is free.
        case settled
    }

    var message: OutgoingMessage
    var order: MessageOrder
    var table: UInt64

    /// Of the change that it belongs to.
    var sequence: UInt64

    /// Counts the messages as they came.
    var number: UInt64

    var state = State.waiting

    /// Whether its bytes are a small part of a batch's.
    var sharesBytes = false

    /// How many of the messages that it waits for are not settled.
    var waits = 0

    /// Messages that wait for it.
    var followers: [Int] = []

    /// How often the sink has answered that it failed.
    var failures = 0

    /// The key, if it has exactly one.
    var onlyKey: UInt64? {
        if case .key(let key) = order { key } else { nil }
    }
}

extension OutgoingMessage {
    /// The same with bytes of its own: what outlives the others of its batch must not keep the whole batch in memory.
    var detached: OutgoingMessage {
        OutgoingMessage(
            cursor: cursor,
            action: action,
            schema: schema,
            table: table,
            key: key.map { ArraySlice(Array($0)) },
            body: ArraySlice(Array(body))
        )
    }
}
