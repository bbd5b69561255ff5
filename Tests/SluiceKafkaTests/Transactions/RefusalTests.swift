import CLibRDKafka
import KafkaTesting
import SinkTesting
import SluicePostgres
import SluiceSinks
import Synchronization
import Testing

@testable import KafkaMockCluster
@testable import SluiceKafka

/// Messages that are never taken. The cluster in memory shows also what was aborted, so of what is there each number
/// counts where it came last.
@Suite(.timeLimit(.minutes(5))) struct RefusalTests {
    private static let refused = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE

    private let cluster: MockCluster
    private let grave = Grave()

    init() throws {
        cluster = try MockCluster()
        cluster.createTopic("t", partitions: 1)
        cluster.createTopic("sluice.cursor.shop", partitions: 1)
        // So that errors meet the messages and not the cursor.
        cluster.setLeader(1, topic: "t", partition: 0)
        cluster.setLeader(2, topic: "sluice.cursor.shop", partition: 0)
    }

    @Test("C30, H75: what is too large for the client is put aside before the cursor moves, and the rest is written")
    func tooLargeHere() async throws {
        let sink = try await open("&message.max.bytes=2000")
        _ = try await sink.deliver(changes(1...1))
        let position = try await sink.deliver(changes(2...7, large: [3, 6])) { letters in
            try #expect(await lastCursor() == 1)
            grave.bury(letters)
        }
        #expect(position.cursor?.index == 7)
        #expect(grave.calls == [[3, 6]])
        let letter = try #require(grave.letters.first)
        #expect(letter.attempts == 0 && letter.message.byteCount > 5000)
        #expect(letter.reason.contains("message.max.bytes of the kafka: URL, 2000"), "\(letter.reason)")
        #expect(try await lastNumbers() == [1, 2, 4, 5, 7])
        #expect(try await lastCursor() == 7)
        _ = try await sink.deliver(changes(8...9)) { grave.bury($0) }
        #expect(try await lastNumbers() == [1, 2, 4, 5, 7, 8, 9])
        #expect(grave.calls.count == 1)
        await sink.close()
        let next = try await reopen()
        #expect(next.cursor?.index == 9)
    }

    @Test("C30, H75: what a broker finds too large is put aside, and the next batch is written")
    func tooLargeThere() async throws {
        let sink = try await open()
        cluster.fail(.produce, at: 1, [Self.refused])
        let position = try await sink.deliver(changes(1...1, large: [1])) { grave.bury($0) }
        #expect(position.cursor?.index == 1)
        #expect(grave.calls == [[1]])
        #expect(grave.letters.first?.reason.contains("max.message.bytes of the topic") == true)
        _ = try await sink.deliver(changes(2...3)) { grave.bury($0) }
        #expect(try await lastNumbers() == [2, 3])
        #expect(try await lastCursor() == 3)
        #expect(grave.calls.count == 1)
        await sink.close()
    }

    @Test("C30, H75: of a set that a broker refuses each message is put aside when it was refused alone, in order")
    func allTooLarge() async throws {
        let sink = try await open()
        cluster.fail(.produce, at: 1, Array(repeating: Self.refused, count: 50))
        let position = try await sink.deliver(changes(1...4)) { grave.bury($0) }
        #expect(position.cursor?.index == 4)
        #expect(grave.calls == [[1], [2], [3], [4]])
        #expect(try await lastNumbers() == [])
        #expect(try await lastCursor() == 4)
        await sink.close()
    }

    @Test("H75: a set that is too large although no message is: written in parts, and nothing is put aside")
    func tooManyTogether() async throws {
        let sink = try await open()
        cluster.fail(.produce, at: 1, [Self.refused])
        _ = try await sink.deliver(changes(1...8)) { grave.bury($0) }
        #expect(grave.calls.isEmpty)
        #expect(try await lastNumbers() == Array(1...8))
        #expect(try await cursors().suffix(2) == [4, 8])
        await sink.close()
    }

    @Test("H75: without a place for it, the message that a broker finds too large ends the stream")
    func nowhere() async throws {
        let sink = try await open()
        cluster.fail(.produce, at: 1, Array(repeating: Self.refused, count: 50))
        await expectFailure(.refused, "0/1267:1", "--dead-letter", "5014 bytes") {
            try await sink.deliver(changes(1...4, large: [1]))
        }
        await sink.close()
    }

    @Test("H75: a place for dead letters that fails: nothing passes over the message, which comes again")
    func graveFails() async throws {
        let sink = try await open("&message.max.bytes=2000")
        _ = try await sink.deliver(changes(1...1))
        await expectFailure(.noSpace, "no room") {
            try await sink.deliver(changes(2...4, large: [3])) { _ in throw SinkError(.noSpace, "no room") }
        }
        #expect(try await lastCursor() == 1)
        await sink.close()
        let next = try await open("&message.max.bytes=2000")
        _ = try await next.deliver(changes(2...4, large: [3])) { grave.bury($0) }
        #expect(grave.calls == [[3]])
        #expect(try await lastNumbers() == [1, 2, 4])
        await next.close()
    }

    @Test("H75: a batch of several transactions: those before the message stay, and are not written again")
    func largeBatch() async throws {
        let sink = try await open("&message.max.bytes=903000")
        _ = try await sink.deliver(changes(1...12, size: 900_000, large: [7])) { letters in
            try #expect(await lastCursor() == 4)
            grave.bury(letters)
        }
        #expect(grave.calls == [[7]])
        #expect(try await cursors() == [4, 8, 12])
        await sink.close()
    }

    @Test("H75: a message whose table has no topic that Kafka allows is put aside")
    func noTopic() async throws {
        let url = try KafkaURL("kafka://\(cluster.brokers)/{schema}.{table}?transactional.id=shop-1")
        let sink = url.makeTransactionalSink()
        _ = try await sink.open(for: shop, remembered: nil)
        // These messages have no labels, so that their table is not known.
        _ = try await sink.deliver(changes(1...2)) { grave.bury($0) }
        #expect(grave.calls == [[1, 2]])
        #expect(grave.letters.first?.reason.contains("its table is not known") == true)
        #expect(try await lastCursor() == 2)
        await sink.close()
    }

    // MARK: -

    private func open(_ options: String = "") async throws -> TransactionalKafkaSink {
        // A set is sent when all of it is there.
        let url = try KafkaURL("kafka://\(cluster.brokers)/t?transactional.id=shop-1&linger.ms=50\(options)")
        let sink = url.makeTransactionalSink()
        _ = try await sink.open(for: shop, remembered: nil)
        return sink
    }

    private func reopen() async throws -> SinkPosition {
        let sink = try KafkaURL("kafka://\(cluster.brokers)/t?transactional.id=shop-1").makeTransactionalSink()
        let position = try await sink.open(for: shop, remembered: nil).position
        await sink.close()
        return position
    }

    /// The numbers of the messages in the topic, in the order in which they came last.
    private func lastNumbers() async throws -> [Int] {
        var numbers: [Int] = []
        for number in try await Kcat.read("t", of: cluster.brokers).compactMap(\.number) {
            numbers.removeAll { $0 == number }
            numbers.append(number)
        }
        return numbers
    }

    private func lastCursor() async throws -> Int? { try await cursors().last }

    private func cursors() async throws -> [Int] {
        try await Kcat.read("sluice.cursor.shop", of: cluster.brokers).compactMap { record in
            record.payload?.firstMatch(of: /"commit_idx":(\d+)/).flatMap { Int($0.output.1) }
        }
    }
}

/// Keeps dead letters.
private final class Grave: Sendable {
    private let buried = Mutex<[[DeadLetter]]>([])

    func bury(_ letters: [DeadLetter]) {
        buried.withLock { $0.append(letters) }
    }

    var letters: [DeadLetter] { buried.withLock { $0.flatMap { $0 } } }

    /// The places of the messages of each call.
    var calls: [[UInt64]] { buried.withLock { $0.map { $0.map(\.message.cursor.index) } } }
}
