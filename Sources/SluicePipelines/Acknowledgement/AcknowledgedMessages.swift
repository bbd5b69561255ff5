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

    /// How many there are.
    public var count: Int { successful.count + failed.count }

    /// Whether there are none.
    public var isEmpty: Bool { successful.isEmpty && failed.isEmpty }

    @usableFromInline
    init() {}

    @usableFromInline
    mutating func add(_ receipt: Receipt, _ failure: MessageFailure?) {
        if let failure { failed.append(Failed(receipt: receipt, failure: failure)) } else { successful.append(receipt) }
    }
}
