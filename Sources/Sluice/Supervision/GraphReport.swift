/// Something that happened to a graph which its owner may want to log or count.
///
/// See ``withStages(clock:measuring:reporting:_:)``.
public enum GraphReport: Sendable {
    /// What a failure of a stage led to.
    public enum Consequence: Sendable, Equatable {
        /// The stages of these names are started afresh, the failed one among them.
        case restart([String])
        /// The stages of these names ended for good, the failed one among them; the graph goes on.
        case end([String])
        /// The graph has failed.
        case graphFailure
    }

    /// A stage failed.
    ///
    /// The first report of a graph failure has the error that `withStages` throws.
    case failed(stage: String, error: any Error, consequence: Consequence)

    /// A stage ended for good because another had failed: one of its group, or a producer (see ``SubscriptionMode``).
    case ended(stage: String, because: any Error)

    /// A drain is over: everything has ended, or the deadline has passed.
    case drained(DrainReport)
}
