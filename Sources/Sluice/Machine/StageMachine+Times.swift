/// The account of the stage's time; a time is nil in a graph that is not measured.
extension StageMachine {
    /// The task does something else from now on.
    mutating func turn(to activity: StageActivity, at time: Duration) {
        account.turn(to: activity, at: time)
    }

    /// A pause has begun or ended: a task that waits goes on waiting, but for something else.
    mutating func turnIfParked(at time: Duration?) {
        if let time, isParked { turn(to: activity, at: time) }
    }

    /// How the stage has spent its time; nil for a pool, whose workers spend it.
    func times(at time: Duration?) -> StageTimes? {
        guard let time, !isPool else { return nil }
        return account.times(at: time)
    }
}
