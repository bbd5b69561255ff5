import SluicePostgres

/// Decides how partitions are given back: what is in flight is waited for, what is handled is committed, then they go.
///
/// Pure: the times are given.
struct Departure {
    enum Step: Equatable {
        /// Nothing is to be done before then, unless something happens.
        case wait(until: Instant)
        case commit
        /// Give them back.
        case leave
    }

    /// How long a commit may take.
    static let commitTime = Duration.seconds(5)
    private static let pause = Duration.milliseconds(200)

    private let drainEnd: Instant
    private var commitEnd: Instant?
    private var nextCommit: Instant?

    /// - Parameter drainEnd: Until when what is in flight is waited for.
    init(drainEnd: Instant) {
        self.drainEnd = drainEnd
    }

    /// The group does not take the offsets any more, and will not before the partitions are given back.
    mutating func commitIsRefused(at now: Instant) {
        commitEnd = now
    }

    /// What to do now.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - inFlight: How many messages of the partitions are being handled.
    ///   - hasCommits: Whether there is something to commit.
    ///   - isBusy: Whether a commit has no answer yet, or none can be sent.
    ///   - isLost: Whether the partitions belong to others already: nothing can be committed any more.
    /// - Returns: The step.
    mutating func step(at now: Instant, inFlight: Int, hasCommits: Bool, isBusy: Bool, isLost: Bool) -> Step {
        if isLost { return .leave }
        if inFlight > 0, now < drainEnd { return .wait(until: drainEnd) }
        let end = commitEnd ?? now.advanced(by: Self.commitTime)
        commitEnd = end
        guard now < end, hasCommits else { return .leave }
        if isBusy { return .wait(until: end) }
        if let nextCommit, now < nextCommit { return .wait(until: min(nextCommit, end)) }
        nextCommit = now.advanced(by: Self.pause)
        return .commit
    }
}
