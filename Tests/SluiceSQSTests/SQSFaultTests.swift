import ConnectorTesting
import Foundation
import SinkTesting
import SluiceSinks
import Synchronization
import Testing

@testable import SluiceSQS

/// Faults that moto does not have, from a server of the test that answers with what AWS documents for them.
@Suite struct SQSFaultTests {
    private static let attributes = #"{"Attributes":{"MaximumMessageSize":"1048576"}}"#

    /// Opens a sink against answers to `SendMessageBatch`, and uses it.
    private func withSink(
        environment: [String: String] = [
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE12345", "AWS_SECRET_ACCESS_KEY": "hidden-secret",
        ],
        options: String = "",
        answering handler: @escaping HTTPTestServer.Handler,
        _ body: (SQSSink, HTTPTestServer) async throws -> Void
    ) async throws {
        let server = try await HTTPTestServer.start { request in
            if request.header("x-amz-target") == "AmazonSQS.GetQueueAttributes" { return .init(200, Self.attributes) }
            return try await handler(request)
        }
        let url = "sqs:http://127.0.0.1:\(server.port)/123456789012/orders?region=eu-west-1\(options)"
        let sink = try SQSURL(url, environment: environment).makeSink()
        do {
            _ = try await sink.open(for: shop, remembered: nil)
            try await body(sink, server)
            await sink.close()
            try await server.stop()
        } catch {
            await sink.close()
            throw error
        }
    }

    private static func identifiers(_ request: HTTPTestServer.Request) throws -> [String] {
        let object = try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any]
        return try #require(object?["Entries"] as? [[String: Any]]).compactMap { $0["Id"] as? String }
    }

    private static func taken(_ request: HTTPTestServer.Request) throws -> HTTPTestServer.Answer {
        let entries = try identifiers(request).map { #"{"Id":"\#($0)","MessageId":"m","MD5OfMessageBody":"d"}"# }
        return .init(200, #"{"Successful":[\#(entries.joined(separator: ","))]}"#)
    }

    private static func error(_ status: Int, _ type: String) -> HTTPTestServer.Answer {
        .init(status, #"{"__type":"com.amazonaws.sqs#\#(type)","message":"why"}"#)
    }

    @Test("H76: of a request that succeeds in part only the failed messages have failed") func partialFailure()
        async throws
    {
        try await withSink { _ in
            .init(
                200,
                """
                {"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"d"}],
                "Failed":[{"Id":"1","Code":"InternalError","SenderFault":false,"Message":"again"},
                {"Id":"2","Code":"InvalidMessageContents","SenderFault":true,"Message":"never"}]}
                """
            )
        } _: { sink, _ async throws in
            let results = try await sink.send((0..<3).map { message(UInt64($0), key: "\($0)") })
            #expect(results.map(\.summary) == ["durable", "failed", "refused"])
            #expect(results.map(\.reason) == ["", "InternalError: again", "InvalidMessageContents: never"])
        }
    }

    @Test(
        "H76: throttling and outages are nobody's failure",
        arguments: [
            (400, "RequestThrottled"), (400, "ThrottlingException"), (400, "KmsThrottled"), (500, "InternalError"),
            (503, "ServiceUnavailable"),
        ]
    )
    func throttling(_ status: Int, type: String) async throws {
        try await withSink { _ in
            Self.error(status, type)
        } _: { sink, server async throws in
            await expectFailure(.unavailable, type, "takes nothing now") { try await sink.send([message(0)]) }
            // Repeating is for the queue in front.
            #expect(server.requests.count == 2)
        }
    }

    @Test func whatIsRefusedAsAWholeIsSentInParts() async throws {
        try await withSink { request in
            request.body.contains("bad") ? Self.error(400, "InvalidMessageContents") : try Self.taken(request)
        } _: { sink, _ async throws in
            let messages = (0..<4).map { message(UInt64($0), key: "\($0)", body: $0 == 2 ? "[\"bad\"]" : "{}") }
            let results = try await sink.send(messages)
            #expect(results.map(\.summary) == ["durable", "durable", "refused", "durable"])
            #expect(results[2].reason == "InvalidMessageContents: why")
        }
    }

    @Test func whatNobodyKnowsEndsTheStream() async throws {
        try await withSink { _ in
            Self.error(400, "UnsupportedOperation")
        } _: { sink, _ async throws in
            await expectFailure(.refused, "UnsupportedOperation") { try await sink.send([message(0)]) }
        }
        try await withSink { _ in
            .init(200, "<ListAllMyBucketsResult/>")
        } _: { sink, _ async throws in
            await expectFailure(.unavailable, "not as SQS does") { try await sink.send([message(0)]) }
        }
    }

    @Test func anotherServiceIsNotAQueue() async throws {
        let server = try await HTTPTestServer.start { _ in .init(200, "<ListAllMyBucketsResult/>") }
        let sink = try SQSURL(
            "sqs:http://127.0.0.1:\(server.port)/1/q?region=x",
            environment: ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"]
        ).makeSink()
        await expectFailure(.missing, "not as SQS does") { try await sink.open(for: shop, remembered: nil) }
        await sink.close()
        try await server.stop()
    }

    @Test("H76: credentials that have expired are replaced at once") func rotation() async throws {
        let version = Mutex(1)
        let keys = try await HTTPTestServer.start { _ in
            let number = version.withLock { $0 }
            return .init(
                200,
                #"{"AccessKeyId":"ASIA-\#(number)","SecretAccessKey":"s\#(number)","Token":"t\#(number)"}"#
            )
        }
        let environment = [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:\(keys.port)/keys", "HOME": "/nonexistent",
        ]
        try await withSink(environment: environment) { request in
            request.header("x-amz-security-token") == "t2"
                ? try Self.taken(request) : Self.error(403, "ExpiredTokenException")
        } _: { sink, server async throws in
            // As long as there are no others, it is said once.
            await expectFailure(.notAuthorized, "ExpiredTokenException", without: ["t1", "s1"]) {
                try await sink.send([message(0)])
            }
            #expect(server.requests.count == 2 && keys.requests.count == 2)
            version.withLock { $0 = 2 }
            #expect(try await sink.send([message(0)]).map(\.summary) == ["durable"])
            #expect(try await sink.send([message(1)]).map(\.summary) == ["durable"])
            #expect(server.requests.map { $0.header("x-amz-security-token") } == ["t1", "t1", "t1", "t2", "t2"])
            #expect(keys.requests.count == 3)
        }
        try await keys.stop()
    }

    @Test func aServiceThatDoesNotAnswerIsUnavailable() async throws {
        try await withSink(options: "&timeout=1") { _ in
            .never
        } _: { sink, _ async throws in
            await expectFailure(.unavailable, "no answer in time", without: ["hidden-secret"]) {
                try await sink.send([message(0)])
            }
        }
        try await withSink { _ in
            .none
        } _: { sink, _ async throws in
            await expectFailure(.unavailable, "does not answer") { try await sink.send([message(0)]) }
        }
    }

    @Test func stopsPromptlyWhenItIsCancelled() async throws {
        let arrived = AsyncStream.makeStream(of: Void.self)
        try await withSink { _ in
            arrived.continuation.yield()
            return .never
        } _: { sink, _ async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await sink.send([message(0)]) }
                }
                for await _ in arrived.stream.prefix(1) {}
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test func aRoleThatMayNotReadAttributesIsToldWhichRightsItNeeds() async throws {
        let server = try await HTTPTestServer.start { _ in Self.error(403, "AccessDeniedException") }
        let sink = try SQSURL(
            "sqs:http://127.0.0.1:\(server.port)/1/q?region=x",
            environment: ["AWS_ACCESS_KEY_ID": "AKIAEXAMPLE12345", "AWS_SECRET_ACCESS_KEY": "hidden-secret"]
        ).makeSink()
        await expectFailure(
            .notAuthorized,
            "AKIA****2345",
            "sqs:GetQueueAttributes",
            without: ["hidden-secret", "EXAMPLE"]
        ) {
            try await sink.open(for: shop, remembered: nil)
        }
        await sink.close()
        try await server.stop()
    }
}
