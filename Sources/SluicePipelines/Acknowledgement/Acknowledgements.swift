/// The acknowledgements of messages that a source emits together, one for each receipt, in their order.
public struct Acknowledgements: RandomAccessCollection, Sendable {
    @usableFromInline let ledger: AcknowledgementLedger

    /// How many there are.
    public let count: Int

    @inlinable
    init(_ ledger: AcknowledgementLedger, count: Int) {
        self.ledger = ledger
        self.count = count
    }

    /// 0.
    @inlinable public var startIndex: Int { 0 }

    /// As many as there are.
    @inlinable public var endIndex: Int { count }

    /// The one for the receipt in this place.
    @inlinable
    public subscript(place: Int) -> Acknowledgement {
        precondition(place >= 0 && place < count, "There are \(count) acknowledgements, and none in place \(place)")
        return Acknowledgement(ledger: ledger, place: place)
    }
}

extension Acknowledger {
    /// Makes the acknowledgements of messages that a source emits together.
    ///
    /// - Parameters:
    ///   - receipts: The messages'.
    ///   - group: Messages of one acknowledger and one group are told of together: a channel, a partition.
    /// - Returns: One for each receipt, in their order.
    @inlinable
    public func acknowledgements(of receipts: some Collection<Receipt>, group: Int = 0) -> Acknowledgements {
        // One by one: a conversion of an array asks the runtime about every receipt.
        let ledger = AcknowledgementLedger(self, receipts.map(Optional.some), group: group)
        return Acknowledgements(ledger, count: receipts.count)
    }
}
