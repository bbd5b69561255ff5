import SinkTesting
import SluiceSinks
import Testing

@testable import SluiceSQS

@Suite struct SourceOptionTests {
    private static let queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"

    private static func source(_ change: (inout SQSSource.Options) -> Void) throws {
        var options = SQSSource.Options()
        change(&options)
        _ = try SQSSource(queue, options: options, environment: [:])
    }

    @Test func takesWhatSQSTakes() throws {
        try Self.source { _ in }
        for (wait, count, timeout) in [(0, 1, 1), (20, 10, 43_200)] {
            try Self.source {
                $0.waitTimeSeconds = wait
                $0.maxNumberOfMessages = count
                $0.visibilityTimeout = .seconds(timeout)
                $0.maxExtension = .seconds(timeout - 1)
                $0.timeout = .seconds(300)
                $0.messageAttributeNames = ["trace.*"]
            }
        }
    }

    private struct Rule {
        let words: String
        let change: @Sendable (inout SQSSource.Options) -> Void

        init(_ words: String, _ change: @escaping @Sendable (inout SQSSource.Options) -> Void) {
            self.words = words
            self.change = change
        }
    }

    private static let rules = [
        Rule("waitTimeSeconds is 0 to 20, not -1") { $0.waitTimeSeconds = -1 },
        Rule("waitTimeSeconds is 0 to 20, not 21") { $0.waitTimeSeconds = 21 },
        Rule("maxNumberOfMessages is 1 to 10, not 0") { $0.maxNumberOfMessages = 0 },
        Rule("maxNumberOfMessages is 1 to 10, not 11") { $0.maxNumberOfMessages = 11 },
        Rule("visibilityTimeout") { $0.visibilityTimeout = .zero },
        Rule("visibilityTimeout") { $0.visibilityTimeout = .milliseconds(1500) },
        Rule("visibilityTimeout") { $0.visibilityTimeout = .seconds(43_201) },
        Rule("receiveInterval is more than 0") { $0.receiveInterval = .zero },
        Rule("name of an attribute") { $0.messageAttributeNames = [""] },
        Rule("name of an attribute") { $0.messageSystemAttributeNames = [""] },
        Rule("maxExtension") { $0.maxExtension = .seconds(-1) },
        Rule("maxExtension") { $0.maxExtension = .seconds(43_201) },
        Rule("timeout is 1 to 300") { $0.timeout = .zero }, Rule("timeout is 1 to 300") { $0.timeout = .seconds(301) },
        Rule("region") { $0.region = "" },
    ]

    @Test(arguments: rules.indices) func refusesWhatIsOutOfRange(_ index: Int) async {
        let rule = Self.rules[index]
        await expectFailure(.badOption, "SQS source", rule.words) { try Self.source(rule.change) }
    }

    @Test func needsTheURLOfAQueue() async {
        await expectFailure(.badURL, "needs the URL", without: ["pw"]) {
            try SQSSource("https://me:pw@sqs.eu-west-1.amazonaws.com/1/q")
        }
    }
}
