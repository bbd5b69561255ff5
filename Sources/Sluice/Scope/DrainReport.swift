/// How a drain went; see ``Stages/drain(within:)``.
///
/// It is the cause of the ``StageError/Code/drainDeadlineExceeded`` of one that was too late.
public struct DrainReport: Error, Sendable {
    /// A stage that had not ended, or still had events, when the deadline passed.
    public struct Remainder: Sendable, Equatable {
        /// The stage's name.
        public let stage: String
        /// What it did then.
        public let activity: StageActivity
        /// Received events that it had not handled; those in its handler are not counted.
        public let waiting: Int
        /// Emitted events that it had not delivered, those in its dispatcher's queues included.
        public let undelivered: Int
    }

    /// How long it took; a drain that was too late took as long as it was given.
    public let duration: Duration

    /// What was left when the deadline passed, in the order in which the stages were started; empty if everything came to
    /// its end in time.
    ///
    /// These events then go to the hooks of their stages.
    public let remainders: [Remainder]
}

extension DrainReport: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        guard !remainders.isEmpty else { return "drained in \(duration)" }
        let list = remainders.map {
            "'\($0.stage)' (\($0.activity), \($0.waiting) waiting, \($0.undelivered) undelivered)"
        }
        return "after \(duration) there were left: " + list.joined(separator: ", ")
    }
}
