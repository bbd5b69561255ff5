public import FoundationEssentials
public import SluiceSinks

/// What a user writes to name a queue: `sqs:QUEUE_URL`, and options behind a `?`; see `docs/sinks/sqs.md`.
public struct SQSURL: Sendable {
    private let settings: SQSSettings
    private let environment: [String: String]

    /// Reads the name of a queue.
    ///
    /// - Parameters:
    ///   - text: What the user wrote.
    ///   - environment: Where credentials, profile, region and endpoint are named, when the sink is opened.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL`.
    public init(
        _ text: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SinkError) {
        settings = try SQSSettings(text)
        self.environment = environment
    }

    /// Makes the sink; nothing is opened yet.
    public func makeSink() -> SQSSink {
        SQSSink(settings, environment: environment)
    }
}
