/// One event of a source on its way through a pipeline.
///
/// A value: what a handler changes counts when it is returned, or left in an `inout` argument. Whose message it is, and so
/// what is acknowledged in the end, cannot be changed, whatever a handler makes of it.
public struct Message<Body: Sendable>: Sendable {
    /// What the source, or the handler before, made of the event.
    public var body: Body

    /// What the source tells beside the body, by the broker's own names.
    public var metadata: [String: String]

    /// The name of the batcher that gets the message when it has been handled.
    public var batcher = "default"

    /// Messages with other keys come in other batches; empty unless it is set.
    public var batchKey = ""

    /// Whether its batch leaves at once, with all that is in it, as trigger ``BatchTrigger/flush``.
    public var flushesBatch = false

    /// Why the message has failed; `nil` as long as it has not.
    @inlinable public var failure: MessageFailure? { reason }

    @usableFromInline var reason: MessageFailure?

    /// Who is told what became of the message, and once.
    @usableFromInline var origin: MessageOrigin

    /// Makes a message; for sources.
    ///
    /// - Parameters:
    ///   - body: What handlers get.
    ///   - metadata: What else is known, by the broker's own names.
    ///   - acknowledgement: Who is told what became of it.
    @inlinable
    public init(_ body: Body, metadata: [String: String] = [:], acknowledgement: Acknowledgement = .none) {
        self.body = body
        self.metadata = metadata
        origin = .source(acknowledgement)
    }

    /// The same message with another body, perhaps of another type.
    @inlinable
    public func with<NewBody: Sendable>(_ body: NewBody) -> Message<NewBody> {
        var message = Message<NewBody>(body, metadata: metadata)
        (message.batcher, message.batchKey, message.flushesBatch) = (batcher, batchKey, flushesBatch)
        (message.reason, message.origin) = (reason, origin)
        return message
    }

    /// The same message with a body that is made of this one.
    @inlinable
    public func map<NewBody: Sendable>(_ transform: (Body) throws -> NewBody) rethrows -> Message<NewBody> {
        with(try transform(body))
    }

    /// Lets the message fail: it is acknowledged as failed, and goes no further.
    ///
    /// - Parameter failure: Why; the first reason counts.
    @inlinable
    public mutating func fail(because failure: MessageFailure) {
        if reason == nil { reason = failure }
    }

    /// Acknowledges the message now, before it has been handled to its end; what becomes of it then is told to nobody.
    ///
    /// From here on it is delivered at most once. Only the first call for a message does anything, of whichever copy.
    ///
    /// - Throws: What the source's acknowledger throws. The message then counts as acknowledged all the same: it is
    ///   unknown whether the broker has taken it.
    public func acknowledge() async throws {
        guard let entry = origin.take(), let acknowledger = entry.acknowledger else { return }
        var outcome = AcknowledgedMessages()
        outcome.add(entry.receipt, failure)
        try await acknowledger.acknowledge(outcome, of: entry.group)
    }
}

/// Where a message's acknowledgement is.
@usableFromInline
enum MessageOrigin: Sendable, Equatable {
    /// With the message: nobody but the source and the pipeline has it yet.
    case source(Acknowledgement)
    /// In a ledger, where it can be had once: handlers may have copies of the message.
    case ticket(AcknowledgementTicket)

    /// Whether two are the same ticket.
    @usableFromInline
    static func == (left: MessageOrigin, right: MessageOrigin) -> Bool {
        guard case .ticket(let left) = left, case .ticket(let right) = right else { return false }
        return left.ledger === right.ledger && left.place == right.place
    }

    /// The acknowledgement, if nobody has had it.
    @usableFromInline
    func take() -> Acknowledgement? {
        switch self {
        case .source(let acknowledgement): acknowledgement
        case .ticket(let ticket): ticket.take()
        }
    }
}

extension Array {
    /// Moves the messages' acknowledgements to where each can be had once.
    @inlinable
    mutating func issueTickets<Body>() where Element == Message<Body> {
        let ledger = AcknowledgementLedger(
            map { message in
                if case .source(let acknowledgement) = message.origin { acknowledgement } else { nil }
            }
        )
        for place in indices {
            guard case .source = self[place].origin else { continue }
            self[place].origin = .ticket(AcknowledgementTicket(ledger: ledger, place: place))
        }
    }
}
