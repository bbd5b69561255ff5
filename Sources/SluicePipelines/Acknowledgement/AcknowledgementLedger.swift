import Synchronization

/// The receipts of messages that a source emits together, each to be had once.
///
/// Messages are values, and a handler may keep as many copies as it likes: here it is one.
@usableFromInline
final class AcknowledgementLedger: Sendable {
    @usableFromInline let acknowledger: any Acknowledger
    @usableFromInline let group: Int
    private let receipts: Mutex<[Receipt?]>

    @usableFromInline
    init(_ acknowledger: any Acknowledger, _ receipts: [Receipt?], group: Int) {
        self.acknowledger = acknowledger
        self.group = group
        self.receipts = Mutex(receipts)
    }

    deinit {
        // Nobody has these messages any more, so nobody will tell of them.
        let left = receipts.withLock { $0.compactMap(\.self) }
        if !left.isEmpty { acknowledger.dropped(left, of: group) }
    }

    /// Lets receipts be taken out; must not wait.
    @usableFromInline
    func withReceipts(_ body: (inout [Receipt?]) -> Void) {
        receipts.withLock { body(&$0) }
    }

    /// A receipt that nobody has taken stays.
    func peek(_ place: Int) -> Receipt? {
        receipts.withLock { $0[place] }
    }

    /// The receipt, if nobody has had it.
    func take(_ place: Int) -> Receipt? {
        receipts.withLock { $0[place].take() }
    }
}
