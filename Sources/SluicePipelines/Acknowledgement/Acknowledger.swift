/// Tells a source what became of its messages.
///
/// Called once for each message, by the stages that finish with it; often with many messages at once, and by several stages
/// side by side.
public protocol Acknowledger: AnyObject, Sendable {
    /// Takes note of messages.
    ///
    /// - Parameters:
    ///   - outcome: The messages' receipts, each list in the order in which the messages were handled; one list may be
    ///     empty.
    ///   - group: What the source put into the messages' ``Acknowledgement/group``.
    /// - Throws: Any error; it is reported, and the messages count as acknowledged: what the broker did not hear of, it
    ///   delivers again.
    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) async throws
}

/// What became of some messages of one source.
public struct AcknowledgedMessages: Sendable {
    /// A message that failed.
    public struct Failed: Sendable {
        /// The message's.
        public var receipt: Receipt
        /// Why.
        public var failure: MessageFailure
    }

    /// The receipts of those that were handled to their end.
    public var successful: [Receipt] = []

    /// Those that failed.
    public var failed: [Failed] = []

    @usableFromInline
    init() {}

    @usableFromInline
    mutating func add(_ receipt: Receipt, _ failure: MessageFailure?) {
        if let failure { failed.append(Failed(receipt: receipt, failure: failure)) } else { successful.append(receipt) }
    }
}

/// By what a source knows a message again.
public enum Receipt: Hashable, Sendable {
    /// Nothing: the source does not ask.
    case none
    /// An offset or a delivery tag.
    case number(UInt64)
    /// A handle or a subject.
    case text(String)
}

/// Who is told what became of a message.
public struct Acknowledgement: Sendable {
    /// Nobody.
    public static let none = Acknowledgement(nil, receipt: .none, group: 0)

    @usableFromInline let acknowledger: (any Acknowledger)?
    @usableFromInline let receipt: Receipt
    @usableFromInline let group: Int

    /// Names a source's acknowledger.
    ///
    /// - Parameters:
    ///   - acknowledger: Told once.
    ///   - receipt: The message's.
    ///   - group: Messages of one acknowledger and one group are told of together: a channel, a partition.
    @inlinable
    public init(_ acknowledger: any Acknowledger, receipt: Receipt, group: Int = 0) {
        self.init(Optional(acknowledger), receipt: receipt, group: group)
    }

    @inlinable
    init(_ acknowledger: (any Acknowledger)?, receipt: Receipt, group: Int) {
        self.acknowledger = acknowledger
        self.receipt = receipt
        self.group = group
    }
}
