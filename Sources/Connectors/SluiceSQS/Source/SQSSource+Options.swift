import SluiceSinks

extension SQSSource {
    /// How a queue is read; the names are those of SQS where it has one.
    public struct Options: Sendable {
        /// What becomes of a message that failed.
        public enum FailedMessage: Hashable, Sendable {
            /// It comes back when its visibility timeout ends.
            case leave
            /// It comes back at once, whoever asks next.
            case `return`
            /// It is deleted like one that was handled.
            case delete
        }

        /// How many seconds a receive waits for a first message, 0 to 20; with 0 SQS may overlook messages.
        public var waitTimeSeconds = 10

        /// How many messages a receive asks for at most, 1 to 10.
        ///
        /// With 1 the messages of a FIFO group come one by one.
        public var maxNumberOfMessages = 10

        /// How long a message that was received stays hidden from others if nobody extends that.
        ///
        /// Whole seconds, from 1 second to 12 hours. Nil: as the queue has it, which the source then asks for.
        public var visibilityTimeout: Duration?

        /// How long the source waits after a receive that brought nothing if ``waitTimeSeconds`` is 0; more than 0.
        public var receiveInterval = Duration.seconds(5)

        /// Which system attributes become metadata: their names, or `All`.
        public var messageSystemAttributeNames = ["All"]

        /// Which message attributes become metadata: their names, `All`, or a prefix followed by `.*`.
        public var messageAttributeNames: [String] = []

        /// What becomes of a message that failed.
        public var onFailure = FailedMessage.leave

        /// How long after its receive a message is kept hidden at most while it is in the pipeline.
        ///
        /// 0 to 12 hours, which is SQS' own limit. With 0 nothing is extended.
        public var maxExtension = Duration.seconds(43_200)

        /// How long an answer may take, beyond the time that a receive waits: 1 second to 5 minutes.
        public var timeout = Duration.seconds(10)

        /// The region for which requests are signed; nil: that of the URL or of the environment.
        public var region: String?

        /// Makes the defaults.
        public init() {}
    }
}

extension SQSSource.Options {
    /// - Throws: `badOption`.
    func validate() throws(SinkError) {
        try check((0...20).contains(waitTimeSeconds), "waitTimeSeconds is 0 to 20, not \(waitTimeSeconds)")
        try check((1...10).contains(maxNumberOfMessages), "maxNumberOfMessages is 1 to 10, not \(maxNumberOfMessages)")
        if let visibilityTimeout {
            try check(
                (.seconds(1)...Self.longest).contains(visibilityTimeout)
                    && visibilityTimeout.components.attoseconds == 0,
                "visibilityTimeout is a number of whole seconds from 1 to 43200, not \(visibilityTimeout)"
            )
        }
        try check(receiveInterval > .zero, "receiveInterval is more than 0, not \(receiveInterval)")
        for name in messageSystemAttributeNames + messageAttributeNames {
            try check(!name.isEmpty && name.utf8.count <= 256, "the name of an attribute has 1 to 256 bytes")
        }
        try check(
            (.zero...Self.longest).contains(maxExtension),
            "maxExtension is 0 to 43200 seconds, not \(maxExtension)"
        )
        try check((.seconds(1)...(.seconds(300))).contains(timeout), "timeout is 1 to 300 seconds, not \(timeout)")
        try check(region.map { !$0.isEmpty } ?? true, "region is a region's name, not empty")
    }

    /// SQS hides a message for no longer than that after it was received.
    static let longest = Duration.seconds(43_200)

    private func check(_ isRight: Bool, _ rule: String) throws(SinkError) {
        if !isRight { throw SinkError(.badOption, "SQS source: \(rule).") }
    }
}
