public import FoundationEssentials
public import SluiceSinks

/// What a user writes to name an endpoint: `https://HOST/PATH`, and options behind a `#`; see `docs/sinks/webhook.md`.
public struct WebhookURL: Sendable {
    private let settings: WebhookSettings

    /// Reads the URL of an endpoint.
    ///
    /// - Parameters:
    ///   - text: What the user wrote.
    ///   - environment: Holds the secrets that options name.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL`; its message has neither the query nor a secret.
    public init(
        _ text: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SinkError) {
        settings = try WebhookSettings(text, environment: environment)
    }

    /// Makes the sink; nothing is opened yet.
    public func makeSink() -> WebhookSink {
        WebhookSink(settings)
    }
}
