internal import Glibc
public import Sluice
public import SluicePipelines
import SluicePostgres
public import SluiceSinks

/// Takes messages from topics of Kafka as a member of a consumer group, with librdkafka.
///
/// ```swift
/// Producers { _ in try KafkaSource("kafka://broker:9092/orders", groupID: "billing") { log.warning("\($0)") } }
/// ```
///
/// - **Demand:** messages are read only when they are asked for. librdkafka fetches some ahead for each partition, at most
///   ``Options/queuedMinMessages``; and a partition of which ``Options/maxInFlightPerPartition`` messages are in the
///   pipeline is not read.
/// - **Acknowledgement:** a partition's offset is committed up to the first message that has not been handled, every
///   ``Options/commitInterval``, when the partition is given back, and at the end. What failed is dealt with as
///   ``Options/onFailure`` says.
/// - **Order:** that of each partition, if one processor handles it: `partitionedBy: { $0.kafkaPartition }`.
/// - **Rebalance:** what is in the pipeline of a partition that is to be given back is waited for, at most for
///   ``Options/revokeTimeout``; then it is committed and given back. What is not handled by then comes again elsewhere.
/// - **Drain:** nothing more is read; the member leaves its group when the last message is acknowledged, after a commit,
///   and the pipeline ends after that.
/// - **Outages:** librdkafka connects again by itself, for ever; it is reported.
///
/// The metadata of a message are `topic`, `partition`, `offset`, `timestamp` (milliseconds since 1970), `timestampType`
/// (`CreateTime` or `LogAppendTime`), `key` and `headers.NAME` as text, or `key.base64` and `headers.NAME.base64` where
/// the bytes are not UTF-8; and `tombstone` if the value is null.
public struct KafkaSource: Producer, Sendable {
    private struct Connected: Sendable {
        let inbox: ConsumerInbox
        let acknowledger: KafkaAcknowledger
        let end: SourceEnd
    }

    private let settings: SourceSettings
    private let report: @Sendable (KafkaSourceReport) -> Void
    private var connected: Connected?

    /// Makes a source; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - url: The brokers and the topics: `kafka://HOST:PORT[,HOST:PORT]/TOPIC[,TOPIC]?option=value`, where the options
    ///     are librdkafka's, and `OPTION.env=NAME` takes a secret from an environment variable.
    ///   - groupID: The group whose members share the topics' partitions.
    ///   - options: How they are read.
    ///   - report: Told of what happens to partitions, and of what goes wrong and does not end the source, by the
    ///     source's own thread; must not block.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL` or `badOption`.
    public init(
        _ url: String,
        groupID: String,
        options: Options = Options(),
        report: @escaping @Sendable (KafkaSourceReport) -> Void = { _ in }
    ) throws(SinkError) {
        settings = try SourceSettings(url, group: groupID, options) { name in getenv(name).map { String(cString: $0) } }
        self.report = report
    }

    /// Reads messages; waits until there is at least one.
    ///
    /// - Parameter demand: How many are wanted.
    /// - Returns: Messages, of each partition in the order of its offsets; never `nil`.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `missing`, `notAuthorized`, `badOption`, `takenOver` or `refused`;
    ///   `CancellationError`: then the member leaves its group when no message is left, and the next call joins again.
    public mutating func handleDemand(_ demand: Int) async throws -> [Message<[UInt8]>]? {
        let connected = connect()
        let call = Call<[KafkaRecord]>()
        do {
            let records = try await call.wait {
                if !connected.inbox.append(.take(demand, call)) { call.fail(CancellationError()) }
            }
            return records.map { $0.message(connected.acknowledger) }
        } catch {
            self.connected = nil
            await connected.inbox.end(cutOff: true)
            throw error
        }
    }

    private mutating func connect() -> Connected {
        if let connected { return connected }
        let inbox = ConsumerInbox()
        let made = Connected(inbox: inbox, acknowledger: KafkaAcknowledger(inbox), end: SourceEnd(inbox))
        startThread { [settings, report] in ConsumerLoop(settings, inbox, report).run() }
        connected = made
        return made
    }
}
