import CLibRDKafka
import SluicePostgres
import SluiceSinks

/// One member of a group, as librdkafka has it.
///
/// It belongs to one thread. Each partition has a queue of its own, so that each is read when there is room for its
/// messages, and rebalances are heard of also when nothing is read. librdkafka fetches no more for a queue that has
/// `queued.min.messages`.
final class ConsumerClient {
    enum Event {
        case assign(PartitionList)
        case revoke(PartitionList)
        /// An answer to a commit, with what became of each partition.
        case committed(number: Int, ResponseCode, [TopicPartition: ResponseCode])
        case trouble(Trouble)
        /// Nothing will be read any more.
        case fatal(Trouble)
    }

    let handle: OpaquePointer
    private let events: OpaquePointer
    /// Always empty: in 2.0 reading a queue tells librdkafka that the application is alive, and polling events does not.
    private let silence: OpaquePointer
    private let wakeUp: WakeUp
    // Lives until librdkafka's threads have ended, in `deinit`.
    private let join: GroupJoin
    private var queues: [TopicPartition: OpaquePointer] = [:]
    private var paused: Set<TopicPartition> = []

    /// Makes a member, which joins its group by itself, and signals whenever there is something again after there was
    /// nothing.
    init(_ settings: SourceSettings, wakeUp: WakeUp) throws(SinkError) {
        let configuration = try ClientConfiguration(settings.kafka, settings.role)
        join = GroupJoin(wakeUp: wakeUp)
        configuration.tell(join)
        handle = try configuration.makeClient(settings.kafka)
        self.wakeUp = wakeUp
        rd_kafka_poll_set_consumer(handle)
        events = rd_kafka_queue_get_consumer(handle)
        silence = rd_kafka_queue_new(handle)
        Self.signal(events, wakeUp)
        let topics = PartitionList(settings.topics.map { TopicPartition($0, RD_KAFKA_PARTITION_UA) })
        let code = topics.use { rd_kafka_subscribe(handle, $0) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw SinkError(.badOption, "librdkafka cannot subscribe to \(settings.kafka.name): \(code.text).")
        }
    }

    deinit {
        for queue in queues.values { rd_kafka_queue_destroy(queue) }
        rd_kafka_queue_destroy(silence)
        rd_kafka_queue_destroy(events)
        // It has left the group before, or cannot.
        rd_kafka_destroy_flags(handle, Int32(RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE))
    }

    private static func signal(_ queue: OpaquePointer, _ wakeUp: WakeUp) {
        var byte: UInt8 = 1
        rd_kafka_queue_io_event_enable(queue, wakeUp.signaling, &byte, 1)
        // What came before that line signalled nothing.
        wakeUp.signal()
    }

    // MARK: - Partitions

    private var isCooperative: Bool {
        rd_kafka_rebalance_protocol(handle).map { String(cString: $0) } == "COOPERATIVE"
    }

    /// Whether what was assigned belongs to others already.
    var isAssignmentLost: Bool { rd_kafka_assignment_lost(handle) != 0 }

    /// Begins to read partitions.
    func assign(_ list: PartitionList) {
        for partition in list.partitions where queues[partition] == nil {
            guard let queue = rd_kafka_queue_get_partition(handle, partition.topic, partition.partition) else {
                continue
            }
            // Before the assignment: else the first messages would go to the queue of the events.
            rd_kafka_queue_forward(queue, nil)
            Self.signal(queue, wakeUp)
            queues[partition] = queue
        }
        if isCooperative {
            drop(list.use { rd_kafka_incremental_assign(handle, $0) })
        } else {
            list.use { _ = rd_kafka_assign(handle, $0) }
        }
    }

    /// Gives partitions back.
    func unassign(_ list: PartitionList) {
        // librdkafka would remember it.
        let resumed = paused.intersection(list.partitions)
        if !resumed.isEmpty { PartitionList(Array(resumed)).use { _ = rd_kafka_resume_partitions(handle, $0) } }
        paused.subtract(resumed)
        join.expect()
        if isCooperative {
            drop(list.use { rd_kafka_incremental_unassign(handle, $0) })
        } else {
            rd_kafka_assign(handle, nil)
        }
        for partition in list.partitions {
            if let queue = queues.removeValue(forKey: partition) { rd_kafka_queue_destroy(queue) }
        }
    }

    /// An error here says that the member has left the group meanwhile, which is heard of as an event.
    private func drop(_ error: OpaquePointer?) {
        if let error { rd_kafka_error_destroy(error) }
    }

    /// Fetches nothing more of a partition.
    func pause(_ partition: TopicPartition) {
        paused.insert(partition)
        PartitionList([partition]).use { _ = rd_kafka_pause_partitions(handle, $0) }
    }

    // MARK: - Messages

    /// Calls a closure with messages of a partition that are there now.
    func read(_ partition: TopicPartition, atMost count: Int, _ body: (KafkaRecord) -> Void, trouble: (Trouble) -> Void)
    {
        guard let queue = queues[partition] else { return }
        for _ in 0..<count {
            guard let message = rd_kafka_consume_queue(queue, 0) else { return }
            defer { rd_kafka_message_destroy(message) }
            switch message.pointee.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR: body(KafkaRecord(message, of: partition))
            case RD_KAFKA_RESP_ERR__PARTITION_EOF: continue
            case let code:
                trouble(Trouble(code, rd_kafka_message_errstr(message).map { String(cString: $0) } ?? code.text))
            }
        }
    }

    // MARK: - Events

    /// Calls a closure with all events that are there now.
    ///
    /// It also tells librdkafka that the application is alive (`max.poll.interval.ms`).
    ///
    /// - Returns: Whether there were any.
    func forEachEvent(_ body: (Event) -> Void) -> Bool {
        rd_kafka_consume_queue(silence, 0)
        var hasAny = false
        while let event = rd_kafka_queue_poll(events, 0) {
            defer { rd_kafka_event_destroy(event) }
            hasAny = true
            let code = rd_kafka_event_error(event)
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_REBALANCE:
                let list = PartitionList(copying: rd_kafka_event_topic_partition_list(event))
                body(code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? .assign(list) : .revoke(list))
            case RD_KAFKA_EVENT_OFFSET_COMMIT:
                let list = PartitionList(copying: rd_kafka_event_topic_partition_list(event))
                body(.committed(number: Int(bitPattern: rd_kafka_event_opaque(event)), code, list.codes))
            case RD_KAFKA_EVENT_ERROR:
                let trouble = Trouble(code, rd_kafka_event_error_string(event).map { String(cString: $0) } ?? code.text)
                body(rd_kafka_event_error_is_fatal(event) != 0 ? .fatal(trouble) : .trouble(trouble))
            default: break
            }
        }
        return hasAny
    }

    // MARK: - Commits and leaving

    /// Whether offsets can be committed: not while the member joins its group.
    var canCommit: Bool { !join.isUnderWay }

    /// Commits offsets; the answer is an event with the number, which is not 0 and not the address of anything.
    ///
    /// - Returns: No error, or why there will be no answer.
    func commit(_ commits: [Assignment.Commit], number: Int) -> ResponseCode {
        let list = PartitionList(commits.map(\.partition))
        return list.use { list in
            for (index, commit) in commits.enumerated() { list.pointee.elems[index].offset = commit.offset }
            return rd_kafka_commit_queue(handle, list, events, nil, UnsafeMutableRawPointer(bitPattern: number))
        }
    }

    /// Begins to leave the group; partitions that are left come as an event to revoke.
    func beginClosing() {
        drop(rd_kafka_consumer_close_queue(handle, events))
    }

    /// Whether it has left the group.
    var isClosed: Bool { rd_kafka_consumer_closed(handle) != 0 }
}
