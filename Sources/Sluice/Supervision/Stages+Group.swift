extension Stages {
    /// A group of stages that are supervised together: started afresh when they fail.
    ///
    /// ```swift
    /// let workers = stages.group(restart: .upTo(3, within: .seconds(10)), strategy: .oneForAll)
    /// let parsed = workers.start { Parser() }
    /// let stored = workers.start { Writer() }
    /// ```
    ///
    /// Starting afresh makes a new value of the stage from its closure, and nothing else: its handle, subscriptions,
    /// calls that wait, buffer, dispatcher and owed demand stay, and neighbours notice nothing. Of the events, those that
    /// the failed handler had are lost, and go to the stage's `lost` hook; what waits for the stage or was emitted by it
    /// stays. A stage of the group that has not failed is interrupted like a source by a drain: its task is cancelled; what
    /// its handler returns then counts, and the events of one that throws are lost. A ``ManualConsumer`` is told of its
    /// subscriptions again, and asks for what it wants beyond ``ManualSubscription/outstanding``.
    ///
    /// A stage that has finished stays finished; a source is not started again in a drain.
    ///
    /// - Parameters:
    ///   - restart: How many failures are forgiven.
    ///   - strategy: Which stages are started afresh when one fails. A group inside of this one counts as one stage; of
    ///     a graph that restarts as a whole, all stages do.
    ///   - surrender: What happens when the group has forgiven as many as it may.
    /// - Returns: Stages that are started by this one are in the group; groups that are made by it are inside of it.
    public func group(
        restart: RestartPolicy,
        strategy: RestartStrategy = .oneForOne,
        surrender: Surrender = .escalate
    ) -> Stages {
        Stages(
            scope: scope,
            group: scope.supervisor.addGroup(to: group, restart, strategy, surrender),
            executor: executor
        )
    }
}
