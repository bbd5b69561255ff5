import ConnectorTesting
import SinkTesting
import SluicePostgres
import SluiceSQS
import SluiceSinks
import Testing

/// Against moto's server, read back through the AWS command line.
@Suite struct LiveQueueTests {
    /// Opens a sink, uses it, and closes it.
    private func withSink<Result>(
        _ queue: Queue,
        options: String = "",
        environment: [String: String]? = nil,
        _ body: (SQSSink) async throws -> Result
    ) async throws -> Result {
        let sink = try SQSURL("sqs:\(queue.url)\(options)", environment: environment ?? queue.environment).makeSink()
        do {
            _ = try await sink.open(for: shop, remembered: nil)
            let result = try await body(sink)
            await sink.close()
            return result
        } catch {
            await sink.close()
            throw error
        }
    }

    @Test func messagesArriveWithTheirAttributes() async throws {
        let queue = try await Queue("standard", on: .shared())
        let messages = (0..<10).map { index in
            message(
                UInt64(index),
                action: index == 9 ? .delete : .insert,
                key: "\(index)",
                body: "{\"note\":\"ä \\\"\\u0000 \(index)\"}"
            )
        }
        let results = try await withSink(queue) { try await $0.send(messages) }
        #expect(results.map(\.summary) == Array(repeating: "durable", count: 10))
        let received = try await queue.receive().sorted { $0.body < $1.body }
        #expect(received.map(\.body) == messages.map { String(decoding: $0.body, as: UTF8.self) })
        #expect(received[0].attributes == ["action": "insert", "schema": "public", "table": "orders"])
        #expect(received[9].attributes["action"] == "delete")
        #expect(received.allSatisfy { $0.group == nil })
    }

    @Test("H76: a FIFO queue keeps the order of each key, and drops what is sent again") func fifo() async throws {
        let queue = try await Queue("orders.fifo", on: .shared(), attributes: "FifoQueue=true")
        // Six changes of two keys, one of a table without a key, and the second request once more.
        let rounds = (0..<3).map { [message(UInt64($0 * 2), key: "a"), message(UInt64($0 * 2 + 1), key: "b b")] }
        try await withSink(queue) { sink async throws in
            #expect(sink.keyFailure == .independent)
            for round in rounds + [rounds[1]] {
                #expect(try await sink.send(round).map(\.summary) == ["durable", "durable"])
            }
            #expect(try await sink.send([message(6, table: "log", key: nil)]).map(\.summary) == ["durable"])
        }
        let received = try await queue.receive()
        #expect(received.count == 7)
        let groups = Dictionary(grouping: received) { $0.group ?? "" }
        #expect(groups["public.orders:a"]?.map(\.body) == [0, 2, 4].map { "{\"record\":{\"id\":\($0)}}" })
        #expect(groups["public.log"]?.map(\.body) == ["{\"record\":{\"id\":6}}"])
        let hashed = try #require(groups.first { $0.key.hasPrefix("sha256:") })
        #expect(hashed.value.map(\.body) == [1, 3, 5].map { "{\"record\":{\"id\":\($0)}}" })
        #expect(groups["public.orders:a"]?.map(\.deduplication) == rounds.map { $0[0].cursor.idempotencyKey })
    }

    @Test("H76: what is larger than the queue takes is refused, and the rest arrives") func tooLarge() async throws {
        let queue = try await Queue("small", on: .shared(), attributes: "MaximumMessageSize=1024")
        let fits = String(repeating: "x", count: 1024 - 53)
        let messages = [
            message(0, key: "a", body: fits), message(1, key: "b", body: fits + "x"), message(2, key: "c", body: "{}"),
        ]
        let results = try await withSink(queue) { sink async throws in
            #expect(sink.limits == RequestLimits(messages: 10, bytes: 262_144 - 1920, concurrency: 8))
            return try await sink.send(messages)
        }
        #expect(results.map(\.summary) == ["durable", "refused", "durable"])
        #expect(results[1].reason.contains("1025 bytes") && results[1].reason.contains("1024"))
        #expect(try await Set(queue.receive().map(\.body)) == [fits, "{}"])
    }

    @Test func theQueueSaysHowLargeARequestMayBe() async throws {
        let queue = try await Queue("large", on: .shared(), attributes: "MaximumMessageSize=1048576")
        try await withSink(queue) { #expect($0.limits.bytes == 1_048_576 - 1920) }
        try await withSink(queue, options: "?max_bytes=300000&concurrency=2") { sink async throws in
            #expect(sink.limits == RequestLimits(messages: 10, bytes: 300_000 - 1920, concurrency: 2))
        }
        let body = String(repeating: "y", count: 700_000)
        try await withSink(queue) { sink async throws in
            #expect(try await sink.send([message(0, body: body)]).map(\.summary) == ["durable"])
            // Together they are more than moto, like AWS, takes in one request: they arrive one by one.
            let results = try await sink.send([message(1, key: "a", body: body), message(2, key: "b", body: body)])
            #expect(results.map(\.summary) == ["durable", "durable"])
        }
        #expect(try await queue.receive().map(\.body.count) == [700_000, 700_000, 700_000])
    }

    @Test func whatIsRememberedIsAnsweredAgain() async throws {
        let queue = try await Queue("remembered", on: .shared())
        let sink = try SQSURL("sqs:\(queue.url)?timeout=20", environment: queue.environment).makeSink()
        #expect(sink.identity == "sqs:\(queue.url)")
        await expectFailure(.notOpen, "not open") { try await sink.send([message(0)]) }
        let position = SinkPosition(cursor: Cursor(commitLSN: LSN(rawValue: 7), index: 1))
        #expect(try await sink.open(for: shop, remembered: position) == SinkOpening(position: position))
        await expectFailure(.notOpen, "make a new one") { try await sink.open(for: shop, remembered: nil) }
        await sink.close()
        await sink.close()
        await expectFailure(.notOpen, "not open") { try await sink.send([message(0)]) }
    }

    @Test func aQueueThatDoesNotExistIsMissing() async throws {
        let server = try await LocalAWS.shared()
        let queue = try await Queue("there", on: server)
        let sink = try SQSURL("sqs:\(queue.url)-not", environment: queue.environment).makeSink()
        await expectFailure(.missing, "there-not", "us-east-1") { try await sink.open(for: shop, remembered: nil) }
        await sink.close()
        try await withSink(queue) { sink async throws in
            try await server.run(["sqs", "delete-queue", "--queue-url", queue.url])
            await expectFailure(.missing, "There is no queue") { try await sink.send([message(0)]) }
        }
    }

    @Test func signaturesAreVerified() async throws {
        let (server, key) = try await LocalAWS.verifying()
        let queue = try await Queue("signed.fifo", on: server, as: key, attributes: "FifoQueue=true")
        try await withSink(queue) { sink async throws in
            #expect(try await sink.send([message(0)]).map(\.summary) == ["durable"])
        }
        #expect(try await queue.receive().count == 1)
        var wrong = queue.environment
        wrong["AWS_SECRET_ACCESS_KEY"] = "wrong-secret"
        let masked = "\(key["AWS_ACCESS_KEY_ID"]?.prefix(4) ?? "?")****"
        await expectFailure(.notAuthorized, masked, "SignatureDoesNotMatch", without: ["wrong-secret"]) {
            try await withSink(queue, environment: wrong) { _ in }
        }
        wrong["AWS_ACCESS_KEY_ID"] = "AKIAUNKNOWNUNKNOWN12"
        await expectFailure(.notAuthorized, "AKIA****WN12", without: ["wrong-secret", "AKIAUNKNOWN"]) {
            try await withSink(queue, environment: wrong) { _ in }
        }
    }

    @Test func theEnvironmentMayNameAnotherEndpoint() async throws {
        let queue = try await Queue("elsewhere", on: .shared())
        var environment = queue.environment
        environment["AWS_ENDPOINT_URL_SQS"] = queue.server.url
        let url = "https://sqs.us-east-1.amazonaws.com/123456789012/elsewhere"
        let sink = try SQSURL("sqs:\(url)", environment: environment).makeSink()
        _ = try await sink.open(for: shop, remembered: nil)
        #expect(try await sink.send([message(0)]).map(\.summary) == ["durable"])
        await sink.close()
        #expect(try await queue.receive().count == 1)
    }
}
