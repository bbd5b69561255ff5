import Sluice
import SluicePostgres
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceSinks

/// What is in memory is in the account, and the other way round.
@Suite("Bytes that are held")
struct HeldBytesTests {
    @Test("what a limit lets pass bit by bit is in memory until the last of it has passed")
    func limited() throws {
        try DeterministicExecutor.check(seeds: 0..<5) { clock in
            let budget = Budget(capacity: 1000)
            let changes = changes((0..<50).map { .row(100, $0) }).map { $0.costing(10) }
            #expect(budget.reserve(500))
            let held = Mutex<[Int]>([])
            var delivery = Delivery(to: DevNull(), budget: budget, limit: RateLimit(rate: 40, clock: clock)) { _ in
                held.withLock { $0.append(budget.held) }
            }
            try await delivery.handleEvents(changes)
            #expect(held.withLock { $0 } == Array(repeating: 500, count: 25))
            #expect(budget.held == 0)
        }
    }

    @Test("what waits for its key while others go on does not keep their bytes, unless it is most of them")
    func detached() throws {
        var queue = KeyedQueue(
            KeyedQueue.Rules(
                limits: RequestLimits(messages: 10, concurrency: 2),
                keyFailure: .independent,
                capacity: 100,
                maxFailures: nil,
                hasDeadLetters: false,
                backoff: Backoff(base: .seconds(1), maximum: .seconds(1)),
                outageBackoff: Backoff(base: .seconds(1), maximum: .seconds(1))
            )
        )
        let batch = EncodedBatch(bytes: [UInt8](repeating: 0x20, count: 1_000_000))
        queue.take(.of(batch, 0..<10, sequence: 0, key: 1))
        queue.take(.of(batch, 10..<20, sequence: 1, key: 1))
        queue.take(.of(batch, 20..<900_000, sequence: 2, key: 1))
        let first = try Self.request(&queue)
        #expect(first.messages.map { $0.body.isPart(of: batch) } == [true])
        for sequence in 3..<6 {
            let later = EncodedBatch(bytes: [UInt8](repeating: 0x20, count: 1_000_000))
            queue.take(.of(later, 0..<1_000_000, sequence: UInt64(sequence), key: UInt64(sequence)))
        }
        queue.answered(first, [.durable], at: .zero)
        let second = try Self.request(&queue)
        #expect(second.messages.filter { $0.body.isPart(of: batch) }.isEmpty)
        #expect(second.messages.contains { $0.cursor.index == 1 })
        queue.answered(second, second.messages.map { _ in .durable }, at: .zero)
        let third = try Self.request(&queue)
        #expect(third.messages.map { $0.cursor.index } == [2] && third.messages[0].body.isPart(of: batch))
    }

    private struct NoRequest: Error {}

    private static func request(_ queue: inout KeyedQueue) throws -> KeyedQueue.Request {
        guard case .send(let request) = queue.next(at: .zero) else { throw NoRequest() }
        return request
    }
}

private final class DevNull: OrderedSink {
    let identity = "null"

    func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        SinkOpening(position: SinkPosition(cursor: nil))
    }

    func deliver(_ changes: [Change]) async throws -> SinkPosition { SinkPosition(cursor: changes.last?.lastCursor) }

    func rewind(to cursor: Cursor) async throws -> SinkPosition { SinkPosition(cursor: cursor) }

    func close() async {}
}

extension Change {
    /// The same with another cost.
    fileprivate func costing(_ cost: Int32) -> Change {
        Change(
            sequence: sequence,
            cursor: cursor,
            kind: kind,
            batch: batch,
            offset: offset,
            length: length,
            cost: cost
        )
    }
}

extension KeyedChange {
    /// A change with a message of a key, which has a part of a batch's bytes.
    fileprivate static func of(_ batch: EncodedBatch, _ range: Range<Int>, sequence: UInt64, key: UInt64) -> KeyedChange
    {
        let cursor = at(100, sequence)
        let change = Change(
            sequence: sequence,
            cursor: cursor,
            kind: .messages(count: 1),
            batch: batch,
            offset: Int32(range.lowerBound),
            length: Int32(range.count),
            cost: Int32(range.count)
        )
        let message = OutgoingMessage(
            cursor: cursor,
            action: .insert,
            schema: "s",
            table: "t",
            key: nil,
            body: batch.bytes[range]
        )
        return KeyedChange(change: change, first: KeyedChange.Part(message: message, order: .key(key), table: 1))
    }
}

extension ArraySlice<UInt8> {
    /// Whether its bytes are at the same place in memory as some of a batch's.
    fileprivate func isPart(of batch: EncodedBatch) -> Bool {
        batch.bytes.withUnsafeBytes { all in
            withUnsafeBytes { part in
                guard let all = all.baseAddress, let part = part.baseAddress else { return false }
                return part >= all && part < all + batch.bytes.count
            }
        }
    }
}
