import Synchronization

/// The acknowledgements of the messages that a processor took together, each to be had once.
///
/// Messages are values, and a handler may keep as many copies as it likes: here it is one.
@usableFromInline
final class AcknowledgementLedger: Sendable {
    private let entries: Mutex<[Acknowledgement?]>

    @usableFromInline
    init(_ entries: [Acknowledgement?]) {
        self.entries = Mutex(entries)
    }

    @usableFromInline
    func take(_ place: Int) -> Acknowledgement? {
        entries.withLock { $0[place].take() }
    }
}

/// A message's place in a ledger.
@usableFromInline
struct AcknowledgementTicket: Sendable {
    @usableFromInline let ledger: AcknowledgementLedger
    @usableFromInline let place: Int

    @usableFromInline
    init(ledger: AcknowledgementLedger, place: Int) {
        self.ledger = ledger
        self.place = place
    }

    /// The acknowledgement, if nobody has had it.
    @inlinable
    func take() -> Acknowledgement? { ledger.take(place) }
}
