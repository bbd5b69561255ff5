import ConnectorTesting
import Foundation
import SinkTesting
import SluiceSinks
import SluiceTesting
import Synchronization
import Testing

@testable import SluicePipelines
@testable import SluiceSQS

/// Faults that moto does not have, from a server of the test that answers with what AWS documents for them.
@Suite(.timeLimit(.minutes(5))) struct SourceFaultTests {
    private typealias Answer = HTTPTestServer.Answer

    /// What a source reported, and the clock on which it waits.
    private final class Watch: Sendable {
        let clock = TestClock()
        private let reports = Mutex<[SQSSourceReport]>([])

        func report(_ report: SQSSourceReport) { reports.withLock { $0.append(report) } }

        var told: [SQSSourceReport] { reports.withLock { $0 } }

        /// Does something while time passes as fast as it is waited for.
        func whileTimePasses<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [clock] in
                    while !Task.isCancelled {
                        _ = clock.advanceToNextSleeper()
                        await Task.yield()
                    }
                }
                defer { group.cancelAll() }
                return try await body()
            }
        }
    }

    private static let environment = [
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE12345", "AWS_SECRET_ACCESS_KEY": "hidden-secret",
    ]

    private static func source(
        _ server: HTTPTestServer,
        _ watch: Watch,
        _ change: (inout SQSSource.Options) -> Void = { _ in }
    ) throws -> SQSSource {
        var options = SQSSource.Options()
        options.region = "eu-west-1"
        options.visibilityTimeout = .seconds(43_200)
        change(&options)
        let url = "http://127.0.0.1:\(server.port)/123456789012/orders"
        return try SQSSource(url, options, environment, watch.clock) { watch.report($0) }
    }

    private static func acknowledger(
        _ server: HTTPTestServer,
        _ watch: Watch,
        _ onFailure: SQSSource.Options.FailedMessage = .leave
    ) throws -> SQSAcknowledger {
        let connection = try SQSConnection(
            to: QueueAddress("http://127.0.0.1:\(server.port)/123456789012/orders"),
            region: "eu-west-1",
            for: .receiving,
            connections: 1,
            timeout: .seconds(5),
            environment: environment
        )
        return SQSAcknowledger(connection.client, onFailure, nil, clock: watch.clock)
    }

    private static func outcome(_ handles: [String], failed: [String] = []) -> AcknowledgedMessages {
        var outcome = AcknowledgedMessages()
        for handle in handles { outcome.add(.text(handle), nil) }
        for handle in failed { outcome.add(.text(handle), MessageFailure("why")) }
        return outcome
    }

    private static func action(_ request: HTTPTestServer.Request) -> String {
        request.header("x-amz-target")?.split(separator: ".").last.map(String.init) ?? ""
    }

    private static func entries(_ request: HTTPTestServer.Request) throws -> [[String: Any]] {
        let object = try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any]
        return try #require(object?["Entries"] as? [[String: Any]])
    }

    private static func handles(_ request: HTTPTestServer.Request) throws -> [String] {
        try entries(request).compactMap { $0["ReceiptHandle"] as? String }
    }

    /// Takes all entries but some.
    private static func answer(
        _ request: HTTPTestServer.Request,
        failing codes: [String: (code: String, isSenderFault: Bool)] = [:]
    ) throws -> Answer {
        var (done, failed): ([[String: Any]], [[String: Any]]) = ([], [])
        for entry in try entries(request) {
            let identifier = entry["Id"] as? String ?? ""
            if let failure = codes[entry["ReceiptHandle"] as? String ?? ""] {
                failed.append(["Id": identifier, "Code": failure.code, "SenderFault": failure.isSenderFault])
            } else {
                done.append(["Id": identifier])
            }
        }
        let object: [String: Any] = ["Successful": done, "Failed": failed]
        return .init(200, String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self))
    }

    private static func error(_ status: Int, _ type: String) -> Answer {
        .init(status, #"{"__type":"com.amazonaws.sqs#\#(type)","message":"why"}"#)
    }

    private static let message = #"{"Messages":[{"MessageId":"m","ReceiptHandle":"h","Body":"b"}]}"#

    @Test func asksForWhatIsWantedAndGoesOnAfterOutages() async throws {
        let watch = Watch()
        let number = Mutex(0)
        let server = try await HTTPTestServer.start { _ in
            switch number.withLock({ number in
                defer { number += 1 }
                return number
            }) {
            case 0: .init(200, "{}")
            case 1: Self.error(503, "ServiceUnavailable")
            case 2: Self.error(400, "OverLimit")
            case 3: .none
            case 4: .init(200, "<html/>")
            default: .init(200, Self.message)
            }
        }
        let made = try Self.source(server, watch) { $0.maxNumberOfMessages = 4 }
        let messages = try await watch.whileTimePasses {
            var source = made
            _ = try await source.handleDemand(3)
            return try await source.handleDemand(50)
        }
        #expect(messages?.map(\.body) == ["b"])
        let counts = try server.requests.map { request in
            let object = try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any]
            return object?["MaxNumberOfMessages"] as? Int
        }
        #expect(counts == [3, 3, 3, 3, 3, 3, 4])
        #expect(watch.told.count == 4)
        #expect("\(watch.told[0])".contains("ServiceUnavailable") && !"\(watch.told)".contains("hidden-secret"))
        try await server.stop()
    }

    @Test(arguments: [
        ("AccessDeniedException", 403, SinkError.Code.notAuthorized, "sqs:ReceiveMessage"),
        ("QueueDoesNotExist", 400, .missing, "no queue"), ("InvalidParameterValue", 400, .refused, "ReceiveMessage"),
    ])
    func throwsWhatNeverHeals(_ type: String, status: Int, code: SinkError.Code, words: String) async throws {
        let watch = Watch()
        let server = try await HTTPTestServer.start { _ in Self.error(status, type) }
        var source = try Self.source(server, watch)
        await expectFailure(code, words, without: ["hidden-secret", "EXAMPLE"]) { try await source.handleDemand(1) }
        #expect(watch.told.isEmpty && server.requests.count == 1)
        try await server.stop()
    }

    @Test func withoutLongPollingItWaitsBetweenTwoReceives() async throws {
        let watch = Watch()
        let number = Mutex(0)
        let server = try await HTTPTestServer.start { _ in
            number.withLock { $0 += 1 }
            return .init(200, number.withLock { $0 } < 4 ? "{}" : Self.message)
        }
        let source = try Self.source(server, watch) {
            $0.waitTimeSeconds = 0
            $0.receiveInterval = .seconds(7)
            $0.maxExtension = .zero
        }
        _ = try await watch.whileTimePasses {
            var source = source
            return try await source.handleDemand(1)?.count
        }
        #expect(watch.clock.now.offset == .seconds(21))
        try await server.stop()
    }

    @Test func aMessageThatTheServiceFailedToDeleteIsDeletedAgainAlone() async throws {
        let watch = Watch()
        let server = try await HTTPTestServer.start { [watch] request in
            let isFirst = watch.clock.now.offset == .zero
            return try Self.answer(request, failing: isFirst ? ["h3": ("InternalError", false)] : [:])
        }
        let acknowledger = try Self.acknowledger(server, watch)
        // A handle may be there twice.
        let handles = (0..<12).map { "h\($0)" } + ["h3"]
        try await watch.whileTimePasses { try await acknowledger.acknowledge(Self.outcome(handles), of: 0) }
        #expect(server.requests.allSatisfy { Self.action($0) == "DeleteMessageBatch" })
        let deleted = try server.requests.map(Self.handles)
        #expect(deleted == [(0..<10).map { "h\($0)" }, ["h10", "h11"], ["h3"]])
        try await server.stop()
    }

    @Test func whatIsNotDeletedIsSaid() async throws {
        let watch = Watch()
        let server = try await HTTPTestServer.start { request in
            try Self.answer(
                request,
                failing: ["old": ("ReceiptHandleIsInvalid", true), "bad": ("InternalError", false)]
            )
        }
        let acknowledger = try Self.acknowledger(server, watch)
        await expectFailure(.unavailable, "2 of 3 messages", "ReceiptHandleIsInvalid") {
            try await watch.whileTimePasses {
                try await acknowledger.acknowledge(Self.outcome(["old", "good", "bad"]), of: 0)
            }
        }
        #expect(try server.requests.map(Self.handles) == [["old", "good", "bad"], ["bad"], ["bad"], ["bad"]])
        try await server.stop()
    }

    @Test(arguments: [SQSSource.Options.FailedMessage.leave, .return, .delete])
    func whatBecomesOfAFailedMessage(_ onFailure: SQSSource.Options.FailedMessage) async throws {
        let watch = Watch()
        let server = try await HTTPTestServer.start { try Self.answer($0) }
        let acknowledger = try Self.acknowledger(server, watch, onFailure)
        try await acknowledger.acknowledge(Self.outcome(["good"], failed: ["bad"]), of: 0)
        let calls = try server.requests.map { "\(Self.action($0)) \(try Self.handles($0).joined(separator: " "))" }
        switch onFailure {
        case .leave: #expect(calls == ["DeleteMessageBatch good"])
        case .delete: #expect(calls == ["DeleteMessageBatch good bad"])
        case .return:
            #expect(calls == ["DeleteMessageBatch good", "ChangeMessageVisibilityBatch bad"])
            #expect(try Self.entries(server.requests[1])[0]["VisibilityTimeout"] as? Int == 0)
        }
        try await server.stop()
    }

    @Test func aHandlerMayDecideForOneMessage() async throws {
        let watch = Watch()
        let server = try await HTTPTestServer.start { try Self.answer($0) }
        let acknowledger = try Self.acknowledger(server, watch)
        let acknowledgements = acknowledger.acknowledgements(of: ["a", "b", "c", "d"].map { .text($0) })
        let messages = acknowledgements.map { Message("", acknowledgement: $0) }
        try messages[1].configureAcknowledgement(SQSSource.Options.FailedMessage.delete)
        try messages[2].configureAcknowledgement(SQSSource.Options.FailedMessage.return)
        try messages[3].configureAcknowledgement(SQSSource.Options.FailedMessage.delete)
        #expect(throws: AcknowledgementError.self) { try messages[0].configureAcknowledgement("delete") }
        var groups = AcknowledgementGroups()
        for message in messages {
            var message = message
            message.fail(because: MessageFailure("why"))
            groups.add([message])
        }
        await groups.tell { error, _ in Issue.record(error) }
        let calls = try server.requests.map { "\(Self.action($0)) \(try Self.handles($0).joined(separator: " "))" }
        #expect(calls == ["DeleteMessageBatch b d", "ChangeMessageVisibilityBatch c"])
        try await server.stop()
    }
}
