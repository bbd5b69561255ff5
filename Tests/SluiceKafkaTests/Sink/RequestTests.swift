import CLibRDKafka
import SluicePostgres
import SluiceSinks
import Testing

@testable import SluiceKafka

/// The machine alone: reports in, results out.
@Suite struct RequestTests {
    private let failure: KafkaFailure
    private let large = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
    private let purged = RD_KAFKA_RESP_ERR__PURGE_QUEUE
    private let fine = RD_KAFKA_RESP_ERR_NO_ERROR

    init() throws {
        failure = KafkaFailure(try KafkaURL("kafka://b/t").settings)
    }

    @Test("A delete is durable when both of its records are")
    func delete() {
        var request = made([message(0, .delete), message(1, .insert)])
        #expect(handOver(&request) == ["0 message", "0 tombstone", "1 message"])
        request.report(1, fine)
        request.report(0, fine)
        #expect(!request.isRoundOver)
        request.report(0, purged)
        #expect(request.isRoundOver)
        // The second has the same key, and so is sent again after the first.
        guard case .another = conclude(&request) else { return #expect(Bool(false), "more is to be sent") }
        #expect(handOver(&request) == ["0 message", "0 tombstone", "1 message"])
        for index in [0, 0, 1] { request.report(index, fine) }
        #expect(results(conclude(&request)) == "dd")
    }

    @Test("A delete whose tombstone was not handed over any more is sent again")
    func stoppedBetween() {
        var request = made([message(0, .delete)])
        request.handedOver()
        request.stop()
        #expect(!request.isRoundOver)
        request.report(0, fine)
        #expect(request.isRoundOver)
        guard case .another = conclude(&request) else { return #expect(Bool(false), "more is to be sent") }
        #expect(handOver(&request) == ["0 message", "0 tombstone"])
    }

    @Test("A refused set is sent one by one, and only what is refused alone is refused")
    func oneByOne() {
        var request = made([message(0, key: "a"), message(1, key: "b"), message(2, key: "a")])
        _ = handOver(&request)
        for index in 0..<3 { request.report(index, large) }
        guard case .another = conclude(&request) else { return #expect(Bool(false), "more is to be sent") }
        #expect(request.needsOneByOne)
        _ = handOver(&request)
        request.report(0, large)
        request.report(1, fine)
        request.report(2, purged)
        #expect(results(conclude(&request)) == "rdf")
    }

    @Test("Behind a failure no message of its key counts as durable, whatever a broker says")
    func prefix() {
        var request = made([message(0, key: "a"), message(1, key: "b"), message(2, key: "a"), message(3, key: "b")])
        _ = handOver(&request)
        request.report(0, RD_KAFKA_RESP_ERR_UNKNOWN)
        for index in 1..<4 { request.report(index, fine) }
        #expect(results(conclude(&request)) == "fdfd")
    }

    @Test("What is not taken holds back its key at once")
    func notTaken() {
        var request = made([message(0, key: "a"), message(1, key: "a"), message(2, key: "b")])
        request.notTaken(.refused(reason: "large"))
        #expect(handOver(&request) == ["2 message"])
        request.report(2, fine)
        #expect(results(conclude(&request)) == "rfd")
    }

    @Test("A tombstone that is not taken fails its delete")
    func tombstoneNotTaken() {
        var request = made([message(0, .delete)])
        request.handedOver()
        request.notTaken(.failed(reason: "no"))
        #expect(!request.isRoundOver)
        request.report(0, fine)
        #expect(results(conclude(&request)) == "f")
    }

    @Test("What a failed call made durable is not sent again")
    func delivered() {
        var request = made([message(0, key: "a"), message(1, key: "b")])
        _ = handOver(&request)
        request.report(0, fine)
        request.report(1, purged)
        guard case .failure(let error) = conclude(&request, isOverdue: true) else { return #expect(Bool(false)) }
        #expect(error.code == .unavailable)
        var delivered = Set(request.durable)
        #expect(delivered == [message(0).cursor])
        var again = Request(number: 2, request.messages, tombstones: true, delivered: &delivered)
        #expect(delivered.isEmpty)
        #expect(handOver(&again) == ["1 message"])
        again.report(1, fine)
        #expect(results(conclude(&again)) == "dd")
    }

    @Test("A producer that fails each time at once is given up")
    func idle() {
        var request = made([message(0)])
        var rounds = 0
        while rounds < 100 {
            rounds += 1
            _ = handOver(&request)
            request.report(0, RD_KAFKA_RESP_ERR__FENCED)
            guard case .another = conclude(&request) else { break }
        }
        #expect(rounds == 6)
    }

    @Test("A round in which others were sent is not held against it")
    func waiting() {
        var request = made([message(0)])
        for _ in 0..<100 {
            request.stop()
            guard case .another = conclude(&request) else { return #expect(Bool(false), "it never had its turn") }
        }
    }

    @Test("A fixed topic that is gone, and access that is refused, end the call")
    func ends() {
        for (code, expected) in [
            (RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, SinkError.Code.missing),
            (RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, .notAuthorized),
        ] {
            var request = made([message(0)])
            _ = handOver(&request)
            request.report(0, code)
            guard case .failure(let error) = conclude(&request) else { return #expect(Bool(false), "it ends") }
            #expect(error.code == expected)
        }
    }

    private func made(_ messages: [OutgoingMessage]) -> Request {
        var delivered: Set<Cursor> = []
        return Request(number: 1, messages, tombstones: true, delivered: &delivered)
    }

    /// Hands over all that is next, and says what it was.
    private func handOver(_ request: inout Request) -> [String] {
        var records: [String] = []
        while let (index, part) = request.nextRecord {
            records.append("\(index) \(part)")
            request.handedOver()
        }
        return records
    }

    private func conclude(_ request: inout Request, isOverdue: Bool = false) -> Request.Conclusion {
        request.conclude(isOverdue: isOverdue, trouble: nil, failure)
    }

    private func results(_ conclusion: Request.Conclusion) -> String? {
        if case .results(let results) = conclusion { letters(results) } else { nil }
    }
}
