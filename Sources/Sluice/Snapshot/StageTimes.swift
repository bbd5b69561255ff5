/// How a stage has spent its time, in a graph that is measured: see ``withStages(clock:measuring:reporting:_:)``.
///
/// Time counts from the beginning of the stage's task to its end, on the graph's clock. The clock is read only when the
/// task begins to wait and when it goes on, so a stage that never waits costs nothing.
///
/// What a wait is for is decided when it begins, and holds until the task goes on: a stage that had no events when it
/// began to wait, and whose consumers have since stopped wanting any, still counts as waiting for events. Only a pause
/// counts from its own beginning to its own end. The waits before a failed stage is started afresh are not counted.
public struct StageTimes: Codable, Hashable, Sendable {
    /// Its task did not wait for demand or events: handlers, whatever they waited for themselves, and closures of
    /// ``StageHandle/perform(_:)``.
    public internal(set) var busy = Duration.zero

    /// It could have worked, and its consumers wanted nothing.
    public internal(set) var waitingForDemand = Duration.zero

    /// It had nothing; so does a source that has not been let go.
    public internal(set) var waitingForEvents = Duration.zero

    /// It was held back by ``StageHandle/pause()``, and no handler ran.
    public internal(set) var paused = Duration.zero

    /// All of it.
    public var total: Duration { busy + waitingForDemand + waitingForEvents + paused }

    /// Which part of its time the stage has spent in one way.
    ///
    /// - Parameter activity: What it did.
    /// - Returns: From 0 to 1; 0 if no time has passed, and for ``StageActivity/ended``.
    public func share(of activity: StageActivity) -> Double {
        total > .zero ? self[activity] / total : 0
    }

    /// How long the stage has spent in one way; nothing for ``StageActivity/ended``.
    public internal(set) subscript(activity: StageActivity) -> Duration {
        get {
            switch activity {
            case .busy: busy
            case .waitingForDemand: waitingForDemand
            case .waitingForEvents: waitingForEvents
            case .paused: paused
            case .ended: .zero
            }
        }
        set {
            switch activity {
            case .busy: busy = newValue
            case .waitingForDemand: waitingForDemand = newValue
            case .waitingForEvents: waitingForEvents = newValue
            case .paused: paused = newValue
            case .ended: break
            }
        }
    }
}

/// The account of a stage's time: a pure value, told of the time.
struct TimeAccount: Sendable {
    private var times = StageTimes()
    /// What the stage does; nothing is counted while it has ended, or has not begun.
    private var activity = StageActivity.ended
    private var since = Duration.zero

    /// The stage does something else from now on.
    mutating func turn(to activity: StageActivity, at time: Duration) {
        times = times(at: time)
        since = max(since, time)
        self.activity = activity
    }

    /// What was spent up to now.
    func times(at time: Duration) -> StageTimes {
        var times = times
        // Two threads can read the clock in one order and come here in the other.
        times[activity] += max(.zero, time - since)
        return times
    }
}
