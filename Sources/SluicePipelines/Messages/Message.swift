/// One event of a source on its way through a pipeline.
///
/// A value: what a handler changes counts when it is returned, or left in an `inout` argument. Whose message it is, and so
/// what is acknowledged in the end, cannot be changed, whatever a handler makes of it.
public struct Message<Body: Sendable>: Sendable {
    /// What the source, or the handler before, made of the event.
    public var body: Body

    /// What the source tells beside the body, by the broker's own names.
    ///
    /// Some sources make it whenever it is read, until it is changed: whoever needs several values reads it once.
    @inlinable public var metadata: [String: String] {
        get { told.value }
        _modify { yield &told.made }
    }

    @usableFromInline var told: Metadata

    /// The name of the batcher that gets the message when it has been handled.
    public var batcher = "default"

    /// Messages with other keys come in other batches; empty unless it is set.
    public var batchKey = ""

    /// Whether its batch leaves at once, with all that is in it, as trigger ``BatchTrigger/flush``.
    public var flushesBatch = false

    /// Why the message has failed; `nil` as long as it has not.
    @inlinable public var failure: MessageFailure? { reason }

    @usableFromInline var reason: MessageFailure?

    /// Who is told what became of the message.
    @usableFromInline var acknowledgement: Acknowledgement

    /// Makes a message; for sources.
    ///
    /// - Parameters:
    ///   - body: What handlers get.
    ///   - metadata: What else is known, by the broker's own names.
    ///   - acknowledgement: Who is told what became of it.
    @inlinable
    public init(_ body: Body, metadata: [String: String] = [:], acknowledgement: Acknowledgement = .none) {
        self.init(body, .made(metadata), acknowledgement)
    }

    /// Makes a message whose metadata are made when somebody asks for them; for sources with many messages.
    ///
    /// - Parameters:
    ///   - body: What handlers get.
    ///   - acknowledgement: Who is told what became of it.
    ///   - metadata: Makes what else is known, the same each time; may be called any number of times, from any task.
    @inlinable
    public init(_ body: Body, acknowledgement: Acknowledgement, metadata: @escaping @Sendable () -> [String: String]) {
        self.init(body, .unmade(metadata), acknowledgement)
    }

    @inlinable
    init(_ body: Body, _ told: Metadata, _ acknowledgement: Acknowledgement) {
        self.body = body
        self.told = told
        self.acknowledgement = acknowledgement
    }

    /// The same message with another body, perhaps of another type.
    @inlinable
    public func with<NewBody: Sendable>(_ body: NewBody) -> Message<NewBody> {
        var message = Message<NewBody>(body, told, acknowledgement)
        (message.batcher, message.batchKey, message.flushesBatch) = (batcher, batchKey, flushesBatch)
        message.reason = reason
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

    /// Has this message acknowledged in another way than the source's others: see the source for what it may be.
    ///
    /// For the message itself, whichever copy it is called on; the last call counts. Does nothing for a message that was
    /// acknowledged, or that has nobody to be told.
    ///
    /// - Parameter options: Such as `SQSSource.Options.FailedMessage.delete`.
    /// - Throws: ``AcknowledgementError`` if the source has no such options; thrown on by a handler, it fails the message.
    public func configureAcknowledgement(_ options: some Sendable) throws {
        guard let ledger = acknowledgement.ledger, let receipt = ledger.peek(acknowledgement.place) else { return }
        try ledger.acknowledger.configure(options, receipt, of: ledger.group)
    }

    /// Acknowledges the message now, before it has been handled to its end; what becomes of it then is told to nobody.
    ///
    /// From here on it is delivered at most once. Only the first call for a message does anything, of whichever copy.
    ///
    /// - Throws: What the source's acknowledger throws. The message then counts as acknowledged all the same: it is
    ///   unknown whether the broker has taken it.
    public func acknowledge() async throws {
        guard let ledger = acknowledgement.ledger, let receipt = ledger.take(acknowledgement.place) else { return }
        var outcome = AcknowledgedMessages()
        outcome.add(receipt, failure)
        try await ledger.acknowledger.acknowledge(outcome, of: ledger.group)
    }
}

extension Array {
    /// Whether these are the messages that others were before a handler had them: all of them, and in their order.
    @inlinable
    func areSame<Body>(as others: [Message<Body>]) -> Bool where Element == Message<Body> {
        guard count == others.count else { return false }
        // What nobody has changed is nearly always still in the same place.
        if withUnsafeBufferPointer({ own in others.withUnsafeBufferPointer { own.baseAddress == $0.baseAddress } }) {
            return true
        }
        return indices.allSatisfy { self[$0].acknowledgement.isSame(as: others[$0].acknowledgement) }
    }
}
