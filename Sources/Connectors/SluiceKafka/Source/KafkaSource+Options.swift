import SluiceSinks

extension KafkaSource {
    /// How topics are read; the names are Kafka's own where it has one.
    public struct Options: Sendable {
        /// What becomes of a message that failed.
        public enum FailedMessage: Hashable, Sendable {
            /// Its partition stands still: nothing behind it is read or committed until the partition is assigned anew.
            case stopPartition
            /// It counts as handled.
            case commit
            /// It is written to a topic, with the reason in a header, and then counts as handled.
            case deadLetter(topic: String)
        }

        /// Where a partition is read from for which the group has committed nothing.
        public enum OffsetReset: String, Hashable, Sendable {
            /// From its first message on.
            case earliest
            /// From now on.
            case latest
            /// Nowhere: the source throws.
            case error
        }

        /// How the members of a group share the partitions.
        public enum AssignmentStrategy: String, Hashable, Sendable {
            /// Only partitions that move stop.
            case cooperativeSticky = "cooperative-sticky"
            /// Each topic's partitions in ranges; all partitions stop whenever a member comes or goes.
            case range
            /// Partitions in turn; all of them stop whenever a member comes or goes.
            case roundRobin = "roundrobin"
        }

        /// `auto.offset.reset`.
        public var autoOffsetReset = OffsetReset.earliest
        /// `partition.assignment.strategy`; the same for all members of a group, or they are refused.
        public var partitionAssignmentStrategy = AssignmentStrategy.cooperativeSticky
        /// `group.instance.id`: a lasting name of this member; nil: none.
        ///
        /// By it the member gets its partitions back if it returns within ``sessionTimeout``.
        public var groupInstanceID: String?
        /// `session.timeout.ms`: after so long without a heartbeat others get the partitions; 1 second to 1 hour.
        public var sessionTimeout = Duration.seconds(45)
        /// `heartbeat.interval.ms`; more than 0, and at most a third of ``sessionTimeout``.
        public var heartbeatInterval = Duration.seconds(3)
        /// `max.poll.interval.ms`: for so long the group waits for a member in a rebalance.
        ///
        /// At least ``sessionTimeout``, at most 1 day. It says nothing about handlers: the source polls while they work.
        public var maxPollInterval = Duration.seconds(300)
        /// How long messages of a partition that is to be given back may take to be handled; at most half of
        /// ``maxPollInterval``.
        public var revokeTimeout = Duration.seconds(30)
        /// How often handled offsets are committed while messages come; more than 0.
        public var commitInterval = Duration.seconds(5)
        /// How many messages of one partition may be in the pipeline, at least 1.
        public var maxInFlightPerPartition = 500
        /// `fetch.min.bytes`, at least 1.
        public var fetchMinBytes = 1
        /// `fetch.wait.max.ms`: how long a broker waits for ``fetchMinBytes``; up to 5 minutes.
        public var fetchMaxWait = Duration.milliseconds(500)
        /// `queued.min.messages`: how many messages of one partition librdkafka fetches ahead; at least 1.
        public var queuedMinMessages = 500
        /// `queued.max.messages.kbytes`: how much of one partition it fetches ahead; at least 1.
        public var queuedMaxMessagesKbytes = 1024
        /// What becomes of a message that failed.
        public var onFailure = FailedMessage.stopPartition
        /// Other properties of librdkafka by their names, such as `security.protocol`; as in the URL.
        public var properties: [String: String] = [:]

        /// Makes the defaults.
        public init() {}
    }
}

extension KafkaSource.Options {
    /// - Throws: `badOption`.
    func validate() throws(SinkError) {
        try check(
            (.seconds(1)...(.seconds(3600))).contains(sessionTimeout),
            "sessionTimeout is 1 second to 1 hour, not \(sessionTimeout)"
        )
        try check(
            heartbeatInterval >= .milliseconds(1) && heartbeatInterval * 3 <= sessionTimeout,
            "heartbeatInterval is at most a third of sessionTimeout, not \(heartbeatInterval)"
        )
        try check(
            (sessionTimeout...max(sessionTimeout, .seconds(86_400))).contains(maxPollInterval),
            "maxPollInterval is between sessionTimeout and 1 day, not \(maxPollInterval)"
        )
        try check(
            revokeTimeout >= .zero && revokeTimeout * 2 <= maxPollInterval,
            "revokeTimeout is at most half of maxPollInterval, not \(revokeTimeout)"
        )
        try check(commitInterval > .zero, "commitInterval is more than 0, not \(commitInterval)")
        try check(
            maxInFlightPerPartition > 0,
            "maxInFlightPerPartition is at least 1, not \(maxInFlightPerPartition)"
        )
        try check(fetchMinBytes > 0, "fetchMinBytes is at least 1, not \(fetchMinBytes)")
        try check(
            (.zero...(.seconds(300))).contains(fetchMaxWait),
            "fetchMaxWait is 0 to 5 minutes, not \(fetchMaxWait)"
        )
        try check(queuedMinMessages > 0, "queuedMinMessages is at least 1, not \(queuedMinMessages)")
        try check(queuedMaxMessagesKbytes > 0, "queuedMaxMessagesKbytes is at least 1, not \(queuedMaxMessagesKbytes)")
        if case .deadLetter(let topic) = onFailure {
            try check((try? TopicTemplate(topic))?.fixed != nil, "\"\(topic)\" cannot be a topic for dead letters")
        }
    }

    private func check(_ isRight: Bool, _ rule: String) throws(SinkError) {
        if !isRight { throw SinkError(.badOption, "Kafka source: \(rule).") }
    }

    /// What librdkafka is told of a member of a group.
    func member(of group: String) -> [KafkaOptions.Property] {
        func milliseconds(_ duration: Duration) -> String { String(Int(duration / .milliseconds(1))) }
        var properties = [
            ("group.id", group), ("auto.offset.reset", autoOffsetReset.rawValue),
            ("partition.assignment.strategy", partitionAssignmentStrategy.rawValue),
            ("session.timeout.ms", milliseconds(sessionTimeout)),
            ("heartbeat.interval.ms", milliseconds(heartbeatInterval)),
            ("max.poll.interval.ms", milliseconds(maxPollInterval)),
            ("fetch.min.bytes", String(fetchMinBytes)), ("fetch.wait.max.ms", milliseconds(fetchMaxWait)),
            ("queued.min.messages", String(queuedMinMessages)),
            ("queued.max.messages.kbytes", String(queuedMaxMessagesKbytes)),
            // The source commits what has been handled.
            ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
        ]
        if let groupInstanceID { properties.append(("group.instance.id", groupInstanceID)) }
        return properties.map { KafkaOptions.Property(name: $0, value: $1) }
    }
}
