public import Sluice
public import SluicePipelines
public import SluiceSinks

/// Takes messages from a durable pull consumer of NATS JetStream into a pipeline, and acknowledges those that are handled.
///
/// ```swift
/// let pipeline = Pipeline(
///     source: Producers { _ in try NATSSource("nats://localhost:4222", stream: "ORDERS", durable: "shipping") },
///     batchers: [Batcher(size: .count(100))],
///     handler: Handling { try $0.map(Order.init) } batch: { try await database.insert($0.bodies) }
/// )
/// ```
///
/// - **Demand:** a pull request asks for as many messages as the pipeline wants, at most ``Options/batch``, and stays at
///   the server until they have come or ``Options/expires`` has passed. There is one at a time, and what nobody asked for
///   is given back.
/// - **At least once:** a message is acknowledged when it has been handled to its end. A failed one is treated as
///   ``Options/onFailure`` says. What a cancelled pipeline has inside comes back after its ack wait.
/// - **Slow handlers:** as long as a message is in the pipeline the server is told that it is in progress, up to
///   ``Options/maxExtension``, and so also while the pipeline drains.
/// - **Drain:** a wait ends at once, and the server drops the pull request. What was on its way comes back after its ack
///   wait.
/// - **Outages:** the connection is made again with growing waits, for ever; meanwhile the source waits. Without the
///   stream, or the right to use it, the source throws.
/// - **Order:** that of the stream as long as nothing is delivered again; with ``Options/maxAckPending`` 1 always.
///
/// The metadata of a message are `Subject`, `Stream`, `Consumer`, `Sequence.Stream`, `Sequence.Consumer`, `NumDelivered`,
/// `NumPending`, `Timestamp` (nanoseconds since 1970), `Domain` if there is one, and its headers as `Header.NAME`.
public struct NATSSource: Producer, Sendable {
    private let address: NATSAddress
    private let consumer: DurableConsumer
    private let clock: any Clock<Duration>
    private let report: @Sendable (NATSSourceReport) -> Void

    private var connected: ConnectedConsumer?
    private var outage: Outage

    /// Makes a source; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - url: The servers: `nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT][,HOST[:PORT]]…`, with `tls://` for TLS, and the
    ///     options `credentials`, `tls.ca`, `tls.cert` and `tls.key`, which name files.
    ///   - stream: The stream's name.
    ///   - durable: The consumer's name; the consumer is made if it is missing.
    ///   - options: How it is read.
    ///   - report: Told of what goes wrong and is tried again; must not block.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL` if the text does not name servers, or `badOption` if an
    ///   option or a name is not one.
    public init(
        _ url: String,
        stream: String,
        durable: String,
        options: Options = Options(),
        report: @escaping @Sendable (NATSSourceReport) -> Void = { _ in }
    ) throws(SinkError) {
        try self.init(url, stream: stream, durable: durable, options, ContinuousClock(), report)
    }

    init(
        _ url: String,
        stream: String,
        durable: String,
        _ options: Options,
        _ clock: any Clock<Duration>,
        _ report: @escaping @Sendable (NATSSourceReport) -> Void
    ) throws(SinkError) {
        address = try NATSAddress(url)
        guard address.path.isEmpty else {
            throw SinkError(.badURL, "nats: The URL of a source has no path. The stream is an argument of its own.")
        }
        try options.validate()
        try options.check(stream.isNATSName, "the name of a stream has no dots, spaces or wildcards: \(stream)")
        try options.check(durable.isNATSName, "the name of a consumer has no dots, spaces or wildcards: \(durable)")
        consumer = DurableConsumer(stream: stream, name: durable, options: options)
        self.clock = clock
        outage = Outage(base: .milliseconds(100), maximum: .seconds(10), clock: clock)
        self.report = report
    }

    /// Receives messages; waits until there is at least one.
    ///
    /// - Parameter demand: How many are wanted.
    /// - Returns: The messages in the order in which they came; never `nil`.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `missing`, `notAuthorized`, `refused`, `badURL` or `badOption`;
    ///   `CancellationError` promptly.
    public mutating func handleDemand(_ demand: Int) async throws -> [Message<[UInt8]>]? {
        while true {
            do {
                try Task.checkCancellation()
                if connected == nil { connected = try await ConnectedConsumer(address, consumer, clock, report) }
                let messages = try await connected?.receive(demand)
                outage.end()
                return messages
            } catch let error as SinkError where error.code == .unavailable {
                if connected?.isClosed == true { connected = nil }
                let report = report
                try await outage.wait { report(.pullFailed(error, retryingIn: $0)) }
            }
        }
    }
}
