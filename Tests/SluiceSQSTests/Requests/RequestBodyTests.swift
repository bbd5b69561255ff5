import ConnectorTesting
import Foundation
import SluicePostgres
import SluiceSinks
import Testing

@testable import SluiceSQS

@Suite struct RequestBodyTests {
    private func entries(_ messages: [OutgoingMessage], queue: String = "orders.fifo") throws -> [[String: Any]] {
        let bytes = RequestBody.batch(messages[...], to: try QueueAddress("https://h.test/1/\(queue)"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(object["QueueUrl"] as? String == "https://h.test/1/\(queue)")
        return try #require(object["Entries"] as? [[String: Any]])
    }

    @Test func namesGroupAndRepetitionInFIFOQueuesOnly() throws {
        let messages = [message(0), message(1, key: nil)]
        let fifo = try entries(messages)
        #expect(fifo.map { $0["Id"] as? String } == ["0", "1"])
        #expect(fifo.map { $0["MessageGroupId"] as? String } == ["public.orders:1", "public.orders"])
        #expect(fifo.map { $0["MessageDeduplicationId"] as? String } == messages.map(\.cursor.idempotencyKey))
        let standard = try entries(messages, queue: "orders")
        #expect(standard.allSatisfy { $0["MessageGroupId"] == nil && $0["MessageDeduplicationId"] == nil })
    }

    @Test func attributesTellWhatHappenedWhere() throws {
        let found = try entries([
            message(0, action: .delete), message(1, action: .undecodable, schema: nil, table: nil),
        ])
        .map { entry -> [String: String] in
            let attributes = try #require(entry["MessageAttributes"] as? [String: [String: String]])
            #expect(attributes.allSatisfy { $0.value["DataType"] == "String" })
            return attributes.compactMapValues { $0["StringValue"] }
        }
        #expect(found == [["action": "delete", "schema": "public", "table": "orders"], ["action": "undecodable"]])
    }

    @Test(arguments: [
        #"{"a":"quote \" backslash \\ tab \t null \u0000"}"#, #"{"ä":"😀 \#u{7F}"}"#, "{\"a\":\"x\u{FFFD}\u{EFBF}\"}",
        "{}",
    ])
    func bodiesArriveAsTheyAre(_ body: String) throws {
        #expect(try entries([message(0, body: body)])[0]["MessageBody"] as? String == body)
    }

    @Test func whatTheServiceDoesNotTakeIsWrittenAsAnEscape() throws {
        let body = try entries([message(0, body: "{\"a\":\"\u{FFFE}b\u{FFFF}\"}")])[0]["MessageBody"] as? String
        #expect(body == #"{"a":"\ufffeb\uffff"}"#)
    }

    @Test func groupsHoldOnlyWhatTheServiceTakes() {
        #expect(message(0, key: String(repeating: "k", count: 114)).group.utf8.count == 128)
        for key in [String(repeating: "k", count: 115), "two words", "ä", "a\u{7F}"] {
            let group = message(0, key: key).group
            #expect(group.hasPrefix("sha256:") && group.count == 71, "\(group)")
        }
        #expect(message(0, key: "a b").group != message(0, key: "a c").group)
        #expect(message(0, schema: nil, table: nil, key: nil).group == ".")
        #expect(message(0, key: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").group.hasPrefix("public.orders:!"))
    }

    @Test func attributesCountAsTheServiceCountsThem() {
        // Names, types and values: 6+6+6, 6+6+6, 5+6+6.
        #expect(message(0, body: "{}").size == 2 + 53)
        let name = String(repeating: "n", count: 63)
        let largest = message(0, action: .undecodable, schema: name, table: name, body: "{}")
        #expect(largest.size - 2 <= OutgoingMessage.largestAttributes)
    }
}
