import Foundation
import Testing

@testable import SluiceSQS

@Suite struct SourceBodyTests {
    private static let url = "https://sqs.eu-west-1.amazonaws.com/1/orders"

    private static func object(_ bytes: [UInt8]) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? NSDictionary)
    }

    @Test func asksForMessages() throws {
        let queue = try QueueAddress(Self.url)
        var options = SQSSource.Options()
        #expect(
            try Self.object(RequestBody.receive(3, from: queue, options)) == [
                "QueueUrl": Self.url, "MaxNumberOfMessages": 3, "WaitTimeSeconds": 10,
                "MessageSystemAttributeNames": ["All"],
            ]
        )
        options.waitTimeSeconds = 0
        options.visibilityTimeout = .seconds(90)
        options.messageSystemAttributeNames = []
        options.messageAttributeNames = ["a\"b", "trace.*"]
        #expect(
            try Self.object(RequestBody.receive(10, from: queue, options)) == [
                "QueueUrl": Self.url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0, "VisibilityTimeout": 90,
                "MessageAttributeNames": ["a\"b", "trace.*"],
            ]
        )
    }

    @Test func deletesAndHides() throws {
        let queue = try QueueAddress(Self.url)
        #expect(
            try Self.object(RequestBody.deletion(of: ["h/1+=", "h\"2"], from: queue)) == [
                "QueueUrl": Self.url,
                "Entries": [["Id": "0", "ReceiptHandle": "h/1+="], ["Id": "1", "ReceiptHandle": "h\"2"]],
            ]
        )
        let changes = [
            VisibilityChange(receiptHandle: "a", seconds: 30), VisibilityChange(receiptHandle: "b", seconds: 0),
        ]
        #expect(
            try Self.object(RequestBody.visibility(of: changes, in: queue)) == [
                "QueueUrl": Self.url,
                "Entries": [
                    ["Id": "0", "ReceiptHandle": "a", "VisibilityTimeout": 30],
                    ["Id": "1", "ReceiptHandle": "b", "VisibilityTimeout": 0],
                ],
            ]
        )
    }

    @Test func readsMessages() throws {
        let answer = """
            {"Messages":[{"MessageId":"m-1","ReceiptHandle":"h-1","MD5OfBody":"x","Body":"{\\"a\\":1}",
            "Attributes":{"ApproximateReceiveCount":"2","SentTimestamp":"1700000000000","MessageGroupId":"g"},
            "MessageAttributes":{"trace":{"DataType":"String","StringValue":"t"},
            "raw":{"DataType":"Binary","BinaryValue":"AAE="}}},
            {"MessageId":"m-2","ReceiptHandle":"h-2","Body":""}]}
            """
        let messages = try #require(ReceivedMessage.list(Array(answer.utf8)))
        #expect(messages.map(\.receiptHandle) == ["h-1", "h-2"])
        #expect(messages.map(\.body) == ["{\"a\":1}", ""])
        #expect(
            messages.map(\.metadata) == [
                [
                    "MessageId": "m-1", "ApproximateReceiveCount": "2", "SentTimestamp": "1700000000000",
                    "MessageGroupId": "g", "MessageAttributes.trace": "t", "MessageAttributes.raw": "AAE=",
                ], ["MessageId": "m-2"],
            ]
        )
    }

    @Test(arguments: [
        ("{}", 0), ("{\"Messages\":[]}", 0), ("<ListAllMyBucketsResult/>", nil), ("{\"Messages\":3}", nil),
    ])
    func tellsNothingFromNonsense(_ answer: String, count: Int?) {
        #expect(ReceivedMessage.list(Array(answer.utf8))?.count == count)
    }
}
