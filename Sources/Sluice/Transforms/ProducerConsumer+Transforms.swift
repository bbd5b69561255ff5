extension ProducerConsumer {
    /// Emits what a closure makes of each event that this stage would emit, in the same order.
    ///
    /// - Parameter transform: Called once for each event, in the stage's task. An error that it throws fails the graph.
    /// - Returns: One stage that consists of this one and the transform.
    @inlinable
    public consuming func map<Result: Sendable>(
        _ transform: @escaping (Output) throws -> Result
    ) -> TransformedProducerConsumer<Self, Result> {
        TransformedProducerConsumer(self) { try $0.map(transform) }
    }

    /// Emits only some of the events that this stage would emit, in the same order; the others use up no demand.
    ///
    /// - Parameter isIncluded: Whether to emit an event. An error that it throws fails the graph.
    /// - Returns: One stage that consists of this one and the filter.
    @inlinable
    public consuming func filter(
        _ isIncluded: @escaping (Output) throws -> Bool
    ) -> TransformedProducerConsumer<Self, Output> {
        TransformedProducerConsumer(self) { try $0.filter(isIncluded) }
    }

    /// Emits any number of events for each one that this stage would emit: all of the first, then all of the second.
    ///
    /// What is more than the consumers want is kept until they want it.
    ///
    /// - Parameter transform: Called once for each event, in the stage's task. An error that it throws fails the graph.
    /// - Returns: One stage that consists of this one and the transform.
    @inlinable
    public consuming func flatMap<Events: Sequence>(
        _ transform: @escaping (Output) throws -> Events
    ) -> TransformedProducerConsumer<Self, Events.Element> where Events.Element: Sendable {
        TransformedProducerConsumer(self) { try $0.flatMap(transform) }
    }

    /// Emits what a closure makes of each event that this stage would emit, if it is not nil, in the same order.
    ///
    /// - Parameter transform: Called once for each event, in the stage's task. An error that it throws fails the graph.
    /// - Returns: One stage that consists of this one and the transform.
    @inlinable
    public consuming func compactMap<Result: Sendable>(
        _ transform: @escaping (Output) throws -> Result?
    ) -> TransformedProducerConsumer<Self, Result> {
        TransformedProducerConsumer(self) { try $0.compactMap(transform) }
    }

    /// Shows each event to a closure before it is emitted; neither events nor demand change.
    ///
    /// - Parameter body: Called once for each event, in order, in the stage's task. An error that it throws fails the
    ///   graph.
    /// - Returns: One stage that consists of this one and the closure.
    @inlinable
    public consuming func tap(_ body: @escaping (Output) throws -> Void) -> TransformedProducerConsumer<Self, Output> {
        TransformedProducerConsumer(self) { events in
            try events.forEach(body)
            return events
        }
    }
}
