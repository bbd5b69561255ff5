import Sluice
import SluicePipelines

extension Shape {
    /// A source, a processor and a batcher whose batches are half a window, and so what the source emits at once.
    ///
    /// What a source allocates for what it emits at once is counted too: the messages, their receipts, and the ledger of
    /// these.
    static let pipeline = Shape(name: "pipeline", mostPerBatch: 10.5) { window, events in
        let arrival = Mailbox()
        let counted = Counted()
        try await Pipeline(
            source: Producers { _ in Numbers(end: events, counted) },
            processors: Processors(concurrency: 1, maxDemand: window),
            batchers: [Batcher(size: .count(window / 2), maxDemand: window)],
            handler: Handling<Int, Int> {
                $0
            } batch: { batch in
                arrival.add(Arrival(batches: 1, events: batch.messages.count))
            }
        ).run()
        return arrival.last
    }
}

/// Is told of messages.
private final class Counted: Acknowledger {
    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) {}
}

/// Emits as many messages as it is asked for.
private struct Numbers: Producer {
    private var left: Int
    private let counted: Counted

    init(end: Int, _ counted: Counted) {
        left = end
        self.counted = counted
    }

    mutating func handleDemand(_ demand: Int) -> [Message<Int>]? {
        guard left > 0 else { return nil }
        let count = min(demand, left)
        left -= count
        let acknowledgements = counted.acknowledgements(of: (0..<count).lazy.map { .number(UInt64($0)) })
        return acknowledgements.map { Message(1, acknowledgement: $0) }
    }
}
