/// A sink that takes messages in requests and answers for each of them: a broker, a queue, an HTTP endpoint.
///
/// It keeps no cursor. What was delivered and not yet noted in the state file comes again after a crash, with the same
/// idempotency keys and in the same order.
///
/// - **Ordering:** messages of one key are in one request at a time, in the order of their cursors; a key's next request
///   starts when the last one is answered. Messages of different keys overtake each other freely.
/// - **Failure:** what a request did not make durable is sent again, after a wait that grows, while other keys go on. A
///   message that is refused, or that fails too often, goes to the dead letters, and its key proceeds.
/// - **Concurrency:** up to ``RequestLimits/concurrency`` calls of ``send(_:)`` at the same time.
public protocol KeyedSink: Sink {
    /// How large a request may be, and how many may be under way.
    var limits: RequestLimits { get }

    /// What the failure of a message means for later ones of its key in the same request.
    var keyFailure: KeyFailure { get }

    /// Sends messages and waits until each of them is durable or known to have failed.
    ///
    /// - Parameter messages: At least one, within ``limits``; those of one key are in order.
    /// - Returns: A result for each message, in the same order.
    /// - Throws: ``SinkError`` with the code `unavailable` if the place cannot be reached or takes nothing now: then
    ///   every message counts as unsent, and none as having failed; the request is repeated after a wait. Any other error
    ///   ends the stream, such as credentials that are wrong. `CancellationError` promptly when the task is cancelled.
    func send(_ messages: [OutgoingMessage]) async throws -> [SendResult]
}

/// What the failure of a message in a request means for later ones of its key.
public enum KeyFailure: Hashable, Sendable {
    /// If a message fails, all later ones of its key in the request fail too: a request may hold many of one key.
    case prefix
    /// Later ones may succeed: a request holds at most one message of each key.
    case independent
}

/// What became of one message of a request.
public enum SendResult: Sendable {
    /// It is durable at the sink.
    case durable
    /// It is not, and may be later.
    ///
    /// - Parameters:
    ///   - reason: For people, without row data or secrets.
    ///   - after: How long the sink asks to be left alone with this key; `nil` if it does not say.
    case failed(reason: String, after: Duration? = nil)
    /// It never will be, for example because it is too large.
    ///
    /// - Parameter reason: For people, without row data or secrets.
    case refused(reason: String)
}
