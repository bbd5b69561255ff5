import SluiceHTTP
import SluiceLeases
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
        var visibility: LeaseExtension?
        if let leases = try await Self.leases(options, client) {
            visibility = LeaseExtension(leases, batch: 10, clock: clock, extend: client.extend) { error, count in
                report(.extensionFailed(error, messages: count))
            }
        }
        acknowledger = SQSAcknowledger(client, options.onFailure, visibility, clock: clock)
    }

    /// Receives messages.
    ///
    /// - Throws: ``SinkError``; `CancellationError`.
    func receive(_ count: Int) async throws -> [Message<String>] {
        acknowledger.messages(try await polling.receive(count, options))
    }

    /// - Returns: `nil` if messages are not to be kept hidden, or the queue does not hide them.
    private static func leases(_ options: SQSSource.Options, _ client: SQSClient) async throws -> HandlingLeases? {
        guard options.maxExtension > .zero else { return nil }
        let timeout: Int
        if let own = options.visibilityTimeout {
            timeout = Int(own.components.seconds)
        } else {
            timeout = try await client.attribute("VisibilityTimeout")
        }
        guard timeout > 0 else { return nil }
        // SQS has counted for a while when its answer arrives.
        let longest = SQSSource.Options.longest - .seconds(60)
        return HandlingLeases(timeout: .seconds(timeout), limit: min(options.maxExtension, longest))
    }
}
