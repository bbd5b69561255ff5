import KafkaTesting
import Sluice
import SluicePostgres
import Synchronization
import Testing

@testable import KafkaMockCluster
@testable import SluiceKafka
@testable import SluiceSinks

/// All traffic on one key, from a queue of changes to the topic, with a cluster that takes 5 ms for each answer.
@Suite(.timeLimit(.minutes(5))) struct HotKeyTests {
    private static let count = 3000

    @Test("C29: a hot key goes in requests of many messages, in order", arguments: [KeyFailure.prefix, .independent])
    func hotKey(keyFailure: KeyFailure) async throws {
        let cluster = try MockCluster()
        cluster.createTopic("t")
        cluster.setDelay(milliseconds: 5)
        let count = keyFailure == .prefix ? Self.count : 40
        let sink = CountedSink(try KafkaURL("kafka://\(cluster.brokers)/t").makeSink(), keyFailure)
        _ = try await sink.open(for: shop, remembered: nil)
        let settled = Atomic(0)
        let budget = Budget(capacity: count)
        let loop = RequestLoop(to: sink, deadLetters: nil, budget: budget, report: { _ in }) { delivered in
            settled.add(delivered.messages, ordering: .relaxed)
        }
        try await withThrowingTaskGroup { group in
            group.addTask { try await loop.run() }
            for first in stride(from: 0, to: count, by: 50) {
                #expect(budget.reserve(min(50, count - first)))
                try await loop.take((first..<min(first + 50, count)).map { Self.change($0) })
            }
            try await loop.finish()
            try await group.waitForAll()
        }
        await sink.close()
        #expect(settled.load(ordering: .relaxed) == count && budget.held == 0)
        let records = try await Kcat.read("t", of: cluster.brokers)
        #expect(records.map(\.number) == (0..<count).map { $0 })
        #expect(Set(records.map(\.partition)).count == 1 && Set(records.map(\.key)) == ["7"])
        switch keyFailure {
        // While one request is on its way all that has come meanwhile gathers for the next.
        case .prefix: #expect(sink.requests <= count / 20, "\(sink.requests) requests")
        // What a failure does not stop must not be on its way with what it has to follow.
        case .independent: #expect(sink.requests == count)
        }
    }

    @Test("C29: a hot key goes in transactions of many messages, in order")
    func transactions() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("t")
        cluster.createTopic("sluice.cursor.shop", partitions: 1)
        cluster.setDelay(milliseconds: 5)
        let sink = try KafkaURL("kafka://\(cluster.brokers)/t?transactional.id=x").makeTransactionalSink()
        _ = try await sink.open(for: shop, remembered: nil)
        for first in stride(from: 0, to: Self.count, by: 500) {
            _ = try await sink.deliver((first..<first + 500).map { Self.change($0).change })
        }
        await sink.close()
        #expect(try await Kcat.read("sluice.cursor.shop", of: cluster.brokers).count == Self.count / 500)
        #expect(try await Kcat.read("t", of: cluster.brokers).count == Self.count)
    }

    private static func change(_ number: Int) -> KeyedChange {
        let message = message(UInt64(number), key: "7")
        let change = Change(
            sequence: UInt64(number),
            cursor: message.cursor,
            kind: .messages(count: 1),
            batch: EncodedBatch(bytes: Array(message.body) + [UInt8(ascii: "\n")]),
            offset: 0,
            length: Int32(message.body.count + 1),
            cost: 1
        )
        return KeyedChange(change: change, first: KeyedChange.Part(message: message, order: .key(7), table: 1))
    }
}

/// A sink that counts its requests, and may say that failures in it are independent.
private final class CountedSink: KeyedSink {
    private let sink: KafkaSink
    let keyFailure: KeyFailure
    private let count = Atomic(0)

    init(_ sink: KafkaSink, _ keyFailure: KeyFailure) {
        self.sink = sink
        self.keyFailure = keyFailure
    }

    var identity: String { sink.identity }
    var limits: RequestLimits { sink.limits }
    var requests: Int { count.load(ordering: .relaxed) }

    func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await sink.open(for: source, remembered: remembered)
    }

    func send(_ messages: [OutgoingMessage]) async throws -> [SendResult] {
        count.add(1, ordering: .relaxed)
        return try await sink.send(messages)
    }

    func close() async { await sink.close() }
}
