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

    private static let keepingKeysTogether = [
        "consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random",
    ]
}
