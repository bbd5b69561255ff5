import SluiceSinks

extension NATSSource {
    /// How a stream is read; the names are those of JetStream where it has one.
    ///
    /// What is nil is as the consumer has it, or as the server chooses for a new one. What is set must agree with a
    /// consumer that is there: the source changes none.
    public struct Options: Sendable {
        /// What becomes of a message that failed.
        public enum FailedMessage: Hashable, Sendable {
            /// It comes back when its ack wait is over.
            case leave
            /// It comes back at once, or after a time.
            case nak(delay: Duration? = nil)
            /// It never comes back.
            case term
        }

        /// Where a new consumer begins.
        public enum DeliverPolicy: Hashable, Sendable {
            /// With the first message of the stream.
            case all
            /// With the last one.
            case last
            /// With what comes after the consumer was made.
            case new
            /// With the last message of each subject.
            case lastPerSubject
            /// With a message of the stream.
            case byStartSequence(UInt64)
        }

        /// Which messages of the stream are wanted; may have wildcards.
        public var filterSubject: String?

        /// When a message comes back of which nothing was heard: 0.1 second to a day.
        public var ackWait: Duration?

        /// How often a message is delivered at most, at least 1; -1: no limit.
        public var maxDeliver: Int?

        /// How many messages may be unacknowledged in all pipelines together, at least 1; -1: no limit.
        ///
        /// With 1 the consumer's messages are handled in the order of the stream, whoever handles them.
        public var maxAckPending: Int?

        /// Where a new consumer begins.
        public var deliverPolicy: DeliverPolicy?

        /// How many messages a pull request asks for at most, 1 to 10,000.
        public var batch = 256

        /// How long a pull request waits at the server, 1 second to 5 minutes; then the next one follows.
        public var expires = Duration.seconds(10)

        /// What becomes of a message that failed.
        public var onFailure = FailedMessage.leave

        /// How long after its delivery a message is kept from others at most while it is in the pipeline; 0 to 12 hours.
        ///
        /// With 0 the server is not told that messages are in progress.
        public var maxExtension = Duration.seconds(43_200)

        /// How long connecting to a server, and an answer of JetStream, may take: 0.1 second to 5 minutes.
        public var timeout = Duration.seconds(5)

        /// The JetStream domain; nil: that of the server.
        public var domain: String?

        /// Makes the defaults.
        public init() {}
    }
}

extension NATSSource.Options {
    /// - Throws: `badOption`.
    func validate() throws(SinkError) {
        try check((1...10_000).contains(batch), "batch is 1 to 10000, not \(batch)")
        try check((.seconds(1)...(.seconds(300))).contains(expires), "expires is 1 to 300 seconds, not \(expires)")
        try check(
            (.milliseconds(100)...(.seconds(300))).contains(timeout),
            "timeout is 0.1 to 300 seconds, not \(timeout)"
        )
        try check(
            (.zero...(.seconds(43_200))).contains(maxExtension),
            "maxExtension is 0 to 43200 seconds, not \(maxExtension)"
        )
        if let ackWait {
            try check(
                (.milliseconds(100)...(.seconds(86_400))).contains(ackWait),
                "ackWait is 0.1 second to a day, not \(ackWait)"
            )
        }
        for (name, value) in [("maxDeliver", maxDeliver), ("maxAckPending", maxAckPending)] {
            if let value { try check(value == -1 || value > 0, "\(name) is -1 or at least 1, not \(value)") }
        }
        if case .nak(let delay?) = onFailure { try check(delay > .zero, "a delay is more than 0, not \(delay)") }
        if case .byStartSequence(let number) = deliverPolicy { try check(number > 0, "sequences begin with 1") }
        if let filterSubject { try check(filterSubject.isSubject, "filterSubject is a subject, not \(filterSubject)") }
        if let domain { try check(domain.isNATSName, "domain is a name, not \(domain)") }
    }

    func check(_ isRight: Bool, _ rule: String) throws(SinkError) {
        if !isRight { throw SinkError(.badOption, "NATS source: \(rule).") }
    }
}

extension String {
    /// Whether a stream or a consumer may be called so.
    var isNATSName: Bool {
        !isEmpty && utf8.allSatisfy { $0 > 32 && $0 != 127 } && !contains { ".*>/\\".contains($0) }
    }

    /// Whether it has no empty part and no space.
    var isSubject: Bool {
        !isEmpty && utf8.allSatisfy { $0 > 32 && $0 != 127 }
            && split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
    }
}
