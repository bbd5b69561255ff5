import ConnectorTesting
import Foundation
import Sluice
import SluicePostgres
import Testing

@testable import SluiceSQS
@testable import SluiceSinks

/// All traffic on a few keys, to a queue of which a request's messages may fail one by one.
@Suite struct HotKeyTests {
    @Test("C29: a request has at most one message of each key") func oneOfEachKey() async throws {
        let server = try await HTTPTestServer.start { request in
            if request.header("x-amz-target") == "AmazonSQS.GetQueueAttributes" {
                return .init(200, #"{"Attributes":{"MaximumMessageSize":"1048576"}}"#)
            }
            let taken = try Self.entries(request).map { entry in
                #"{"Id":"\#(entry.identifier)","MessageId":"m","MD5OfMessageBody":"d"}"#
            }
            return .init(200, #"{"Successful":[\#(taken.joined(separator: ","))]}"#)
        }
        let sink = try SQSURL(
            "sqs:http://127.0.0.1:\(server.port)/123456789012/orders?region=eu-west-1",
            environment: ["AWS_ACCESS_KEY_ID": "AKIAEXAMPLE12345", "AWS_SECRET_ACCESS_KEY": "hidden-secret"]
        ).makeSink()
        _ = try await sink.open(for: shop, remembered: nil)
        #expect(sink.keyFailure == .independent)
        let budget = Budget(capacity: 60)
        #expect(budget.reserve(60))
        let loop = RequestLoop(to: sink, deadLetters: nil, budget: budget, report: { _ in }, settled: { _ in })
        try await withThrowingTaskGroup { group in
            group.addTask { try await loop.run() }
            try await loop.take((0..<60).map { Self.change($0, key: $0 % 3) })
            try await loop.finish()
            try await group.waitForAll()
        }
        let requests = try server.requests.filter { $0.header("x-amz-target") != "AmazonSQS.GetQueueAttributes" }
            .map { try Self.entries($0).map(\.number) }
        #expect(requests.allSatisfy { Set($0.map { $0 % 3 }).count == $0.count }, "\(requests)")
        #expect(requests.joined().filter { $0 % 3 == 0 } == stride(from: 0, to: 60, by: 3).map { $0 })
        #expect(requests.joined().count == 60)
        await sink.close()
        try await server.stop()
    }

    private static func entries(_ request: HTTPTestServer.Request) throws -> [(identifier: String, number: Int)] {
        let object = try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any]
        return try #require(object?["Entries"] as? [[String: Any]]).map { entry in
            let digits = (entry["MessageBody"] as? String ?? "").filter(\.isNumber)
            return (entry["Id"] as? String ?? "", Int(digits) ?? -1)
        }
    }

    private static func change(_ number: Int, key: Int) -> KeyedChange {
        let message = message(UInt64(number), key: "\(key)", body: "{\"n\":\(number)}")
        let change = Change(
            sequence: UInt64(number),
            cursor: message.cursor,
            kind: .messages(count: 1),
            batch: EncodedBatch(bytes: Array(message.body) + [UInt8(ascii: "\n")]),
            offset: 0,
            length: Int32(message.body.count + 1),
            cost: 1
        )
        return KeyedChange(
            change: change,
            first: KeyedChange.Part(message: message, order: .key(UInt64(key)), table: 1)
        )
    }
}
