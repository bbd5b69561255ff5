public import FoundationEssentials
public import Sluice
public import SluicePipelines
public import SluiceSinks

/// Takes messages from a queue of Amazon SQS into a pipeline, and deletes those that are handled.
///
/// ```swift
/// let pipeline = Pipeline(
///     source: Producers { _ in try SQSSource("https://sqs.eu-west-1.amazonaws.com/123456789012/orders") },
///     batchers: [Batcher(size: .count(10))],
///     handler: Handling { try $0.map(Order.init) } batch: { try await database.insert($0.bodies) }
/// )
/// ```
///
/// - **Demand:** it asks for as many messages as the pipeline wants, at most ten at once, and again at once as long as
///   more are wanted. What it has been given waits only in the pipeline, and is hidden from others there.
/// - **At least once:** a message is deleted when it has been handled to its end. A failed one is treated as
///   ``Options/onFailure`` says. What a cancelled pipeline has inside comes back after its visibility timeout.
/// - **Slow handlers:** as long as a message is in the pipeline its visibility timeout is extended, up to
///   ``Options/maxExtension``, and so also while the pipeline drains.
/// - **Drain:** a receive that waits is cancelled at once, and no other follows. Messages that SQS hands out in that
///   moment come back after their visibility timeout; they count as received once more. Until then SQS holds back the
///   rest of their groups in a FIFO queue.
/// - **Outages:** a receive that fails for want of a connection, or because SQS is overloaded, is reported and repeated
///   with growing waits, for ever. Without the queue or the right to use it the source throws.
/// - **Order:** that of SQS, which has none in a standard queue. In a FIFO queue partition the processors by
///   `metadata["MessageGroupId"]`, and have one producer: see `docs/sources/sqs.md`.
///
/// The metadata of a message are `MessageId`, the system attributes under their own names
/// (`ApproximateReceiveCount`, `SentTimestamp`, `MessageGroupId` and others), and the message attributes that
/// ``Options/messageAttributeNames`` asks for under `MessageAttributes.NAME`; binary values are in Base64.
public struct SQSSource: Producer, Sendable {
    private let queue: QueueAddress
    private let options: Options
    private let environment: [String: String]
    private let clock: any Clock<Duration>
    private let report: @Sendable (SQSSourceReport) -> Void

    private var connected: ConnectedQueue?
    private var outage: Outage

    /// Makes a source; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - queue: The queue's URL.
    ///   - options: How it is read.
    ///   - environment: Where credentials, profile, region and endpoint are named, when the first message is wanted; as
    ///     for the sink.
    ///   - report: Told of what goes wrong and is tried again; must not block.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL` if the text is no queue's URL, or `badOption` if an
    ///   option is out of its range.
    public init(
        _ queue: String,
        options: Options = Options(),
        environment: [String: String] = ProcessInfo.processInfo.environment,
        report: @escaping @Sendable (SQSSourceReport) -> Void = { _ in }
    ) throws(SinkError) {
        try self.init(queue, options, environment, ContinuousClock(), report)
    }

    init(
        _ queue: String,
        _ options: Options,
        _ environment: [String: String],
        _ clock: any Clock<Duration>,
        _ report: @escaping @Sendable (SQSSourceReport) -> Void
    ) throws(SinkError) {
        self.queue = try QueueAddress(queue)
        try options.validate()
        self.options = options
        self.environment = environment
        self.clock = clock
        outage = Outage(base: .milliseconds(200), maximum: .seconds(30), clock: clock)
        self.report = report
    }

    /// Receives messages; waits until there is at least one.
    ///
    /// - Parameter demand: How many are wanted.
    /// - Returns: The messages in the order in which SQS has them; never `nil`.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `missing`, `notAuthorized`, `refused` or `badURL`;
    ///   `CancellationError` promptly.
    public mutating func handleDemand(_ demand: Int) async throws -> [Message<String>]? {
        while true {
            do {
                try Task.checkCancellation()
                let messages = try await receive(min(demand, options.maxNumberOfMessages))
                outage.end()
                if !messages.isEmpty { return messages }
                // Else the receive itself has waited.
                if options.waitTimeSeconds == 0 { try await clock.sleep(for: options.receiveInterval) }
            } catch let error as SinkError where error.code == .unavailable {
                let report = report
                try await outage.wait { report(.receiveFailed(error, retryingIn: $0)) }
            }
        }
    }

    private mutating func receive(_ count: Int) async throws -> [Message<String>] {
        if connected == nil { connected = try await ConnectedQueue(queue, options, environment, clock, report) }
        return try await connected?.receive(count) ?? []
    }
}
