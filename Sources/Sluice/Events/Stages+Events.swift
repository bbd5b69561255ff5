extension Stages {
    /// The events of a stage, for a loop inside the body of `withStages` that is their consumer.
    ///
    /// ```swift
    /// try await withStages { stages in
    ///     let numbers = stages.start { Counter() }
    ///     for try await number in try stages.events(from: numbers, maxDemand: 10) {
    ///         if number == 100 { break }
    ///     }
    /// }
    /// ```
    ///
    /// Nothing happens before a loop begins. Then it subscribes, and lets the sources run as ``go()`` does: so everything
    /// else has to be wired by then. At most `maxDemand` events wait for the loop; more are asked for when it comes back
    /// for what follows a chunk of at most `maxDemand - minDemand` events that leaves `minDemand` or fewer outstanding.
    ///
    /// The loop ends when the stage has finished and everything was delivered. Leaving it, by `break` or an error, ends
    /// the subscription, as does cancelling its task: then it throws `CancellationError`. What was already on its way
    /// to the loop is dropped; the stage itself lives on, until the body returns. If the graph fails, the loop throws the
    /// first failure when it comes back for its next chunk. Several loops over the same events are several consumers.
    ///
    /// - Parameters:
    ///   - producer: The stage. More are added by ``StageEvents/merging(_:maxDemand:minDemand:)``.
    ///   - maxDemand: The most events that may wait for the loop, from 1 to 2^40.
    ///   - minDemand: When to ask for more, from 0 to `maxDemand - 1`; half of `maxDemand` if nil.
    /// - Returns: The events, in the order in which the stage emits them.
    /// - Throws: ``StageError/Code/badWindow`` if the window is impossible.
    public func events<S: EmittingStage>(
        from producer: StageHandle<S>,
        maxDemand: Int = 1000,
        minDemand: Int? = nil
    ) throws -> StageEvents<S.Output> {
        try StageEvents(stages: self).merging(producer, maxDemand: maxDemand, minDemand: minDemand)
    }
}
