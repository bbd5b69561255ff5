internal import Sluice
import SluicePostgres
public import SluiceSinks

/// Writes messages to topics of a Kafka cluster, with librdkafka's idempotent producer and `acks=all`.
///
/// At least once: a message counts as durable when all replicas in sync have it. After a crash, or when a connection
/// breaks and the time of a request is over before it is known what became of it, messages come again, with the same
/// idempotency keys in their headers and in the same order.
///
/// - **Order:** records of one key are in one partition, in the order of their cursors; see ``keyFailure``.
/// - **Partition:** that of the Java client: murmur2 of the key. Messages without a key have their table's name as key.
/// - **Deletes:** a record without a value follows, unless the URL says `tombstones=off`.
public final class KafkaSink: KeyedSink {
    /// The brokers and the topic, as in the URL, without its options.
    public let identity: String

    /// 5,000 messages or 4 MiB in a request, four requests at a time, messages of up to `message.max.bytes`.
    ///
    /// librdkafka copies what is under way, so that these bytes are in memory twice.
    public let limits: RequestLimits

    /// A message that is not durable takes all later ones of its key with it.
    ///
    /// librdkafka promises it with `enable.gapless.guarantee`, except for messages that it times out itself; so the
    /// sink lets it time out none, and gives up all at once.
    public let keyFailure = KeyFailure.prefix

    /// A compacted topic keeps the last record of each key: without a delete a row would stay under its old key.
    public let splitsKeyChanges = true

    private let settings: KafkaSettings
    private let inbox: SinkInbox

    init(_ settings: KafkaSettings) {
        self.settings = settings
        identity = settings.name
        inbox = SinkInbox(name: settings.name)
        limits = RequestLimits(
            messages: 5000,
            bytes: 4 << 20,
            messageBytes: ClientConfiguration.largestRecord(settings),
            concurrency: 4
        )
        startThread { [inbox, settings] in ProducerLoop(settings, inbox).run() }
    }

    deinit {
        inbox.close()
    }

    /// Connects to the cluster, and asks for the topic if there is just one.
    ///
    /// - Returns: What is remembered: the sink keeps no cursor.
    /// - Throws: ``SluiceSinks/SinkError``: `unavailable` if no broker is reached, `notAuthorized` if the credentials are
    ///   refused, `missing` if the topic does not exist, `badURL` if librdkafka refuses the options together.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await inbox.ask { .open($0) }
        return SinkOpening(position: remembered ?? SinkPosition(cursor: nil))
    }

    /// Sends messages, and waits for the acknowledgements of all.
    ///
    /// Waits also while librdkafka's queue is full. If the producer fails for good, another takes its place, and what it
    /// left unknown is sent again. A message whose table has no topic that Kafka allows is refused.
    public func send(_ messages: [OutgoingMessage]) async throws -> [SendResult] {
        try await inbox.ask { .send(messages, $0) }
    }

    /// Closes the connections and ends the thread; what is not acknowledged is given up.
    public func close() async {
        try? await inbox.ask { (call: Call<Void>) in .close(call) }
    }
}
