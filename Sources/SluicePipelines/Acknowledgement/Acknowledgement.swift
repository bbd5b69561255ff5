/// Who is told what became of a message: once, whatever becomes of its copies.
public struct Acknowledgement: Sendable {
    /// Nobody.
    public static let none = Acknowledgement(ledger: nil, place: 0)

    @usableFromInline let ledger: AcknowledgementLedger?
    @usableFromInline let place: Int

    @inlinable
    init(ledger: AcknowledgementLedger?, place: Int) {
        self.ledger = ledger
        self.place = place
    }

    /// Names a source's acknowledger.
    ///
    /// For messages that a source emits together, ``Acknowledger/acknowledgements(of:group:)`` costs less.
    ///
    /// - Parameters:
    ///   - acknowledger: Told once.
    ///   - receipt: The message's.
    ///   - group: Messages of one acknowledger and one group are told of together: a channel, a partition.
    @inlinable
    public init(_ acknowledger: any Acknowledger, receipt: Receipt, group: Int = 0) {
        self.init(ledger: AcknowledgementLedger(acknowledger, [receipt], group: group), place: 0)
    }

    /// Whether two are of the same message.
    @inlinable
    func isSame(as other: Acknowledgement) -> Bool {
        place == other.place && ledger === other.ledger
    }
}
