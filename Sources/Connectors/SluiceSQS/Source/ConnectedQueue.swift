import SluiceHTTP
import SluicePipelines
import SluiceSinks

/// A queue from which messages are taken.
struct ConnectedQueue: Sendable {
    private let polling: SQSClient
    private let acknowledger: SQSAcknowledger
    private let options: SQSSource.Options

    /// Finds out where the queue is.
    ///
    /// - Throws: ``SinkError``; `CancellationError`.
    init(
        _ queue: QueueAddress,
        _ options: SQSSource.Options,
        _ environment: [String: String],
        _ clock: any Clock<Duration>,
        _ report: @escaping @Sendable (SQSSourceReport) -> Void
    ) async throws {
        let client = try SQSConnection(
            to: queue,
            region: options.region,
            for: .receiving,
            connections: 64,
            timeout: options.timeout,
            environment: environment
        ).client
        var polling = client
        // What is not about waiting must not wait as long, and a request that waits must not hold up others.
        polling.http = HTTPService(connections: 1, timeout: options.timeout + .seconds(options.waitTimeSeconds))
        self.polling = polling
        self.options = options
        acknowledger = SQSAcknowledger(client, options.onFailure, clock: clock)
    }

    /// Receives messages.
    ///
    /// - Throws: ``SinkError``; `CancellationError`.
    func receive(_ count: Int) async throws -> [Message<String>] {
        try await polling.receive(count, options).map { $0.message(acknowledger) }
    }
}
