import Sluice
import SluicePostgres
import SluiceSinks
import Synchronization
import Testing

/// What becomes of a message that an ordered sink refuses.
@Suite struct OrderedRefusalTests {
    @Test("C30: it is among the dead letters, under the sink's name, before the batch is told of")
    func buried() async throws {
        let (sink, box, story, budget) = (PickySink(), Box(), Story(), Budget(capacity: 100))
        #expect(budget.reserve(1))
        var delivery = Delivery(
            to: sink,
            deadLetters: box,
            budget: budget,
            limit: RateLimit(rate: nil, clock: ContinuousClock()),
            buried: { letter in story.tell("buried \(letter.reason)") },
            delivered: { delivered in story.tell("delivered \(delivered.messages)") }
        )
        try await delivery.handleEvents([change])
        #expect(story.told == ["buried too large", "delivered 1"])
        #expect(box.kept.withLock { $0 } == ["picky: too large"])
    }

    @Test("C30: without a place for it, the sink's own error ends the stream")
    func nowhere() async throws {
        let budget = Budget(capacity: 100)
        #expect(budget.reserve(1))
        let limit = RateLimit(rate: nil, clock: ContinuousClock())
        var delivery = Delivery(to: PickySink(), budget: budget, limit: limit) { _ in }
        await #expect(throws: SinkError.self) { try await delivery.handleEvents([change]) }
    }

    private var change: Change {
        Change(
            sequence: 1,
            cursor: Cursor(commitLSN: LSN(rawValue: 10), index: 1),
            kind: .messages(count: 1),
            batch: EncodedBatch(bytes: Array("{}\n".utf8)),
            offset: 0,
            length: 3,
            cost: 1
        )
    }
}

/// Refuses every message.
private final class PickySink: RefusingSink {
    let identity = "picky"

    func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        SinkOpening(position: SinkPosition(cursor: nil))
    }

    func deliver(_ changes: [Change]) async throws -> SinkPosition {
        throw SinkError(.refused, "too large")
    }

    func deliver(
        _ changes: [Change],
        burying bury: @Sendable ([DeadLetter]) async throws -> Void
    ) async throws -> SinkPosition {
        for change in changes {
            let message = OutgoingMessage(
                cursor: change.cursor,
                action: .insert,
                schema: nil,
                table: nil,
                key: nil,
                body: []
            )
            try await bury([DeadLetter(message: message, reason: "too large", attempts: 0)])
        }
        return SinkPosition(cursor: changes.last?.cursor)
    }

    func rewind(to cursor: Cursor) async throws -> SinkPosition { SinkPosition(cursor: cursor) }

    func close() async {}
}

private final class Box: DeadLetterBox {
    let kept = Mutex<[String]>([])

    func open() async throws {}

    func put(_ letters: [DeadLetter], of sink: String) async throws {
        kept.withLock { $0 += letters.map { "\(sink): \($0.reason)" } }
    }

    func close() async {}
}

private final class Story: Sendable {
    private let lines = Mutex<[String]>([])

    var told: [String] { lines.withLock { $0 } }

    func tell(_ line: String) {
        lines.withLock { $0.append(line) }
    }
}
