/// Options of librdkafka that would break what the sink promises, and why.
enum RefusedOptions {
    /// - Returns: `nil` if the option is not ours to refuse.
    static func reason(_ name: String, _ value: String) -> String? {
        switch name {
        case "acks", "request.required.acks":
            "a message counts as delivered when all replicas in sync have it"
        case "enable.idempotence", "enable.gapless.guarantee":
            "without it a retry could change the order of a key's messages"
        case "partitioner" where !keepingKeysTogether.contains(value):
            "partitioner=\(value) does not keep the messages of a key in one partition, and so not in order. Use one "
                + "of \(keepingKeysTogether.joined(separator: ", "))"
        case "bootstrap.servers", "metadata.broker.list":
            "the brokers are the hosts of the URL"
        case "test.mock.num.brokers":
            "messages would go to a cluster in memory"
        case "plugin.library.paths", "interceptors":
            "what a library that is loaded does to messages is not known"
        default: nil
        }
    }

    /// - Returns: Why a source does not take an option; `nil` if it does.
    static func reasonForReading(_ name: String) -> String? {
        switch name {
        case "enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store", "auto.commit.interval.ms",
            "offset.store.method":
            "the source commits what has been handled, and nothing else, every commitInterval"
        case "group.id": "the group is the groupID of the source"
        case "transactional.id": "the source does not write in transactions"
        case _ where fields[name] != nil: "give it as \(fields[name] ?? "") of the source's options"
        default: nil
        }
    }

    /// What the source's options have fields for.
    private static let fields = [
        "group.instance.id": "groupInstanceID", "auto.offset.reset": "autoOffsetReset",
        "session.timeout.ms": "sessionTimeout", "heartbeat.interval.ms": "heartbeatInterval",
        "max.poll.interval.ms": "maxPollInterval", "partition.assignment.strategy": "partitionAssignmentStrategy",
        "fetch.min.bytes": "fetchMinBytes", "fetch.wait.max.ms": "fetchMaxWait",
        "queued.min.messages": "queuedMinMessages", "queued.max.messages.kbytes": "queuedMaxMessagesKbytes",
    ]

    private static let keepingKeysTogether = [
        "consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random",
    ]
}
