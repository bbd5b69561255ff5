import SluicePostgres
import Testing

/// A queue of a local server.
package struct Queue: Sendable {
    package let server: LocalAWS
    package let key: [String: String]
    package let url: String

    /// Makes an empty queue.
    ///
    /// - Parameter attributes: As the command line takes them, for example `FifoQueue=true`.
    package init(
        _ name: String,
        on server: LocalAWS,
        as key: [String: String] = [:],
        attributes: String...
    ) async throws {
        var command = ["sqs", "create-queue", "--queue-name", name]
        if !attributes.isEmpty { command += ["--attributes", attributes.joined(separator: ",")] }
        var answer = try await server.run(command, as: key)
        self.server = server
        self.key = key
        url = try #require(answer.removeValue(forKey: "QueueUrl") as? String)
    }

    /// The environment in which a sink finds it.
    package var environment: [String: String] {
        ["AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1", "HOME": "/nonexistent"]
            .merging(key) { $1 }
    }

    /// A message as a consumer gets it.
    package struct Received: Equatable {
        package var body: String
        package var attributes: [String: String]
        package var group: String?
        package var deduplication: String?
    }

    /// Takes everything out, as a consumer does.
    package func receive() async throws -> [Received] {
        let thread = BlockingThread()
        defer { thread.close() }
        return try await thread.run { try receiveBlocking() }
    }

    /// The same, on the caller's thread.
    package func receiveBlocking() throws -> [Received] {
        var found: [Received] = []
        while true {
            let answer = try server.runBlocking(
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
            try server.runBlocking(["sqs", "delete-message-batch", "--queue-url", url, "--entries"] + entries, as: key)
        }
    }
}
