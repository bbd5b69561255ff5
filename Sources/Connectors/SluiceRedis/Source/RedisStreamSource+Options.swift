import SluiceSinks

extension RedisStreamSource {
    /// How a stream is read; the names are those of Redis where it has one.
    public struct Options: Sendable {
        /// What becomes of an entry that has failed for good.
        public enum FailedEntry: Hashable, Sendable {
            /// It stays pending: some consumer of the group claims it after ``minIdleTime``.
            case leave
            /// It is acknowledged like one that was handled.
            case acknowledge
            /// It is added to another stream of the same database and acknowledged, both or neither.
            case move(toStream: String)
        }

        /// The consumer's name in the group; nil: host, process and a number, another one for each source.
        ///
        /// A source with the name of one that has ended begins with what that one had not acknowledged. Of two at the
        /// same time each gets the other's entries.
        public var consumer: String?

        /// How many entries a read asks for at most, 1 to 100000.
        public var count = 1000

        /// How long a read waits for a first entry: 1 millisecond to 1 hour.
        public var block = Duration.seconds(5)

        /// Whether the group is created if it is not there, and the stream with it.
        public var createsGroup = true

        /// Behind which entry a group that is created begins: `$`, the last one there is then, or `0`, all.
        public var groupStartID = "$"

        /// How long a consumer may do nothing with an entry until another one claims it.
        ///
        /// From 1 second on; the same for all sources of a group. While an entry is in the pipeline its idle time
        /// begins anew when half of that is over. Nil: nothing is claimed.
        public var minIdleTime: Duration? = .seconds(60)

        /// How long after one search for entries to claim the next one begins; more than 0.
        public var claimInterval = Duration.seconds(15)

        /// Whether entries are deleted from the stream when they are acknowledged: only for streams with one group.
        public var deletesAcknowledged = false

        /// How often an entry that failed is handled again, at least 0, before ``onFailure`` says what becomes of it.
        public var retries = 0

        /// How long after a failure an entry is handled again, at least 1 millisecond; it may take twice as long.
        public var retryDelay = Duration.seconds(1)

        /// What becomes of an entry that has failed for good.
        public var onFailure = FailedEntry.leave

        /// How often an acknowledgement is tried that the server does not take, at least 1, with growing waits between.
        public var acknowledgementAttempts = 8

        /// After how long without a sign of life a consumer without pending entries is deleted from the group.
        ///
        /// From 1 minute on. Nil: none is.
        public var deletesConsumersAfter: Duration?

        /// How long connecting may take, and an answer beyond the time that a read waits: 100 milliseconds to 5
        /// minutes.
        public var timeout = Duration.seconds(5)

        /// Makes the defaults.
        public init() {}
    }
}

extension RedisStreamSource.Options {
    /// - Throws: `badOption`.
    func validate() throws(SinkError) {
        try check(consumer.map { !$0.isEmpty } ?? true, "consumer is a name, not empty")
        try check((1...100_000).contains(count), "count is 1 to 100000, not \(count)")
        try check((.milliseconds(1)...(.seconds(3600))).contains(block), "block is 1 ms to 1 hour, not \(block)")
        try check(!groupStartID.isEmpty, "groupStartID is an entry's identifier, $ or 0, not empty")
        if let minIdleTime {
            try check(minIdleTime >= .seconds(1), "minIdleTime is at least 1 second, not \(minIdleTime)")
        }
        try check(claimInterval > .zero, "claimInterval is more than 0, not \(claimInterval)")
        try check(retries >= 0, "retries is at least 0, not \(retries)")
        try check(retryDelay >= .milliseconds(1), "retryDelay is at least 1 ms, not \(retryDelay)")
        if case .move(let stream) = onFailure { try check(!stream.isEmpty, "the stream for failed entries has a name") }
        try check(acknowledgementAttempts >= 1, "acknowledgementAttempts is at least 1, not \(acknowledgementAttempts)")
        if let deletesConsumersAfter {
            try check(
                deletesConsumersAfter >= .seconds(60),
                "deletesConsumersAfter is at least 60 seconds, not \(deletesConsumersAfter)"
            )
        }
        try check(
            (.milliseconds(100)...(.seconds(300))).contains(timeout),
            "timeout is 100 ms to 300 seconds, not \(timeout)"
        )
    }

    private func check(_ isRight: Bool, _ rule: String) throws(SinkError) {
        if !isRight { throw SinkError(.badOption, "Redis source: \(rule).") }
    }

    /// The rules for fetching.
    var rules: EntryBook.Rules {
        EntryBook.Rules(
            block: block,
            claimInterval: minIdleTime == nil ? nil : claimInterval,
            retries: retries,
            retryDelay: retryDelay
        )
    }
}
