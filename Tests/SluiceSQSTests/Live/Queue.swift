import SluiceSQS
import SluiceSinks
import Testing

/// A queue of a local server.
struct Queue: Sendable {
    let server: LocalAWS
    let key: [String: String]
    let url: String

    /// Makes an empty queue.
    ///
    /// - Parameter attributes: As the command line takes them, for example `FifoQueue=true`.
    init(_ name: String, on server: LocalAWS, as key: [String: String] = [:], attributes: String...) async throws {
        var command = ["sqs", "create-queue", "--queue-name", name]
        if !attributes.isEmpty { command += ["--attributes", attributes.joined(separator: ",")] }
        var answer = try await server.run(command, as: key)
        self.server = server
        self.key = key
        url = try #require(answer.removeValue(forKey: "QueueUrl") as? String)
    }

    /// The environment in which a sink finds it.
    var environment: [String: String] {
        ["AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1", "HOME": "/nonexistent"]
            .merging(key) { $1 }
    }

    /// A message as a consumer gets it.
    struct Received: Equatable {
        var body: String
        var attributes: [String: String]
        var group: String?
        var deduplication: String?
    }

    /// Takes everything out, as a consumer does.
    func receive() async throws -> [Received] {
        var found: [Received] = []
        while true {
            let answer = try await server.run(
                ["sqs", "receive-message", "--queue-url", url, "--max-number-of-messages", "10"]
                    + ["--attribute-names", "All", "--message-attribute-names", "All"],
                as: key
            )
            guard let messages = answer["Messages"] as? [[String: Any]], !messages.isEmpty else { return found }
            for message in messages {
                let own = message["MessageAttributes"] as? [String: [String: Any]] ?? [:]
                let system = message["Attributes"] as? [String: String] ?? [:]
                found.append(
                    Received(
                        body: try #require(message["Body"] as? String),
                        attributes: own.compactMapValues { $0["StringValue"] as? String },
                        group: system["MessageGroupId"],
                        deduplication: system["MessageDeduplicationId"]
                    )
                )
            }
            let handles = try messages.map { try #require($0["ReceiptHandle"] as? String) }
            let entries = handles.enumerated().map { "Id=\($0),ReceiptHandle=\($1)" }
            try await server.run(["sqs", "delete-message-batch", "--queue-url", url, "--entries"] + entries, as: key)
        }
    }
}
