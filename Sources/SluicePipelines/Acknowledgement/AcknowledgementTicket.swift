import Synchronization

/// The acknowledgements of the messages that a processor took together, each to be had once.
///
/// Messages are values, and a handler may keep as many copies as it likes: here it is one.
final class AcknowledgementLedger: Sendable {
    private let entries: Mutex<[Acknowledgement?]>

    init(_ entries: [Acknowledgement?]) {
        self.entries = Mutex(entries)
    }

    func take(_ place: Int) -> Acknowledgement? {
        entries.withLock { $0[place].take() }
    }
}

/// A message's place in a ledger.
struct AcknowledgementTicket: Sendable {
    let ledger: AcknowledgementLedger
    let place: Int

    /// The acknowledgement, if nobody has had it.
    func take() -> Acknowledgement? { ledger.take(place) }
}
