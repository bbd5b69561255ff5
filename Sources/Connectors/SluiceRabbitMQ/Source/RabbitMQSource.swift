public import Sluice
public import SluicePipelines
public import SluiceSinks

/// Takes messages from a queue of RabbitMQ into a pipeline, and acknowledges those that are handled.
///
/// ```swift
/// let pipeline = Pipeline(
///     source: Producers { _ in try RabbitMQSource("amqp://shop:secret@localhost/shop", queue: "orders") },
///     batchers: [Batcher(size: .count(100))],
///     handler: Handling { try $0.map(Order.init) } batch: { try await database.insert($0.bodies) }
/// )
/// ```
///
/// - **Demand:** the broker may send as many messages as the pipeline has in hand and asks for, up to
///   ``Options/prefetch``; others get the rest of the queue. See `docs/sources/rabbitmq.md`.
/// - **At least once:** a message is acknowledged when it has been handled to its end. A failed one is treated as
///   ``Options/onFailure`` says. What a cancelled pipeline has inside comes again.
/// - **Drain:** the consumers are closed at once, and what was not handed out goes back to the queue. The connection stays
///   until the last message is acknowledged.
/// - **Outages:** when the connection, the channel or the consumer is lost, it is reported, and the source connects again
///   after growing waits, for ever. What was not acknowledged comes again, `redelivered`. Without the queue or the right
///   to use it the source throws.
/// - **Order:** that of the queue, but for messages that come again.
///
/// The metadata are those of AMQP under their own names: `routing_key`, `exchange`, `redelivered`, `delivery_tag`, the
/// properties that a message has (`content_type`, `correlation_id`, `message_id`, `timestamp`, `type`, `app_id` and
/// others), and its headers as `headers.NAME`.
public struct RabbitMQSource: Producer, Sendable {
    private let settings: SourceSettings
    private let report: @Sendable (RabbitMQSourceReport) -> Void

    private var consumer: Consumer?
    private var outage: Outage

    /// Gives back what was not handed out when the source is gone, however many of its messages are still in the
    /// pipeline and hold the connection.
    private final class Consumer: Sendable {
        let acknowledger: RabbitMQAcknowledger

        init(_ settings: SourceSettings) {
            acknowledger = RabbitMQAcknowledger(settings)
        }

        deinit {
            acknowledger.stop()
        }
    }

    /// Makes a source; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - url: The broker, as `amqp://USER:PASSWORD@HOST:PORT/VHOST`, or `amqps:` with TLS.
    ///   - queue: The queue's name.
    ///   - options: How it is read.
    ///   - report: Told of what goes wrong and is tried again; must not block.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL` or `badOption`.
    public init(
        _ url: String,
        queue: String,
        options: Options = Options(),
        report: @escaping @Sendable (RabbitMQSourceReport) -> Void = { _ in }
    ) throws(SinkError) {
        try self.init(url, queue: queue, options: options, clock: ContinuousClock(), report: report)
    }

    init(
        _ url: String,
        queue: String,
        options: Options,
        clock: any Clock<Duration>,
        report: @escaping @Sendable (RabbitMQSourceReport) -> Void
    ) throws(SinkError) {
        settings = try SourceSettings(url, queue, options)
        outage = Outage(base: .milliseconds(200), maximum: .seconds(30), clock: clock)
        self.report = report
    }

    /// Takes messages; waits until there is at least one.
    ///
    /// A call that is cancelled gives back what was not handed out; the next call takes messages again.
    ///
    /// - Parameter demand: How many are wanted.
    /// - Returns: The messages in the order in which the broker sent them; never `nil`.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `missing`, `notAuthorized`, `inUse`, `badOption` or
    ///   `unsupported`; `CancellationError` promptly.
    public mutating func handleDemand(_ demand: Int) async throws -> [Message<[UInt8]>]? {
        let acknowledger = connected.acknowledger
        while true {
            do {
                try Task.checkCancellation()
                let messages = try await acknowledger.receive(demand)
                outage.end()
                return messages
            } catch let error as SinkError where error.code == .unavailable {
                let report = report
                try await outage.wait { report(.connectionFailed(error, retryingIn: $0)) }
            } catch {
                acknowledger.stop()
                throw error
            }
        }
    }

    private var connected: Consumer {
        mutating get {
            if let consumer { return consumer }
            let consumer = Consumer(settings)
            self.consumer = consumer
            return consumer
        }
    }
}
