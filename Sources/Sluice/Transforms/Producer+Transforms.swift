extension Producer {
    /// Emits what a closure makes of each event, in the same order.
    ///
    /// - Parameter transform: Called once for each event, in the stage's task. An error that it throws fails the graph.
    /// - Returns: One producer that consists of this one and the transform.
    @inlinable
    public consuming func map<Result: Sendable>(
        _ transform: @escaping (Output) throws -> Result
    ) -> TransformedProducer<Self, Result> {
        TransformedProducer(self) { try $0.map(transform) }
    }

    /// Emits only some events, in the same order.
    ///
    /// What is dropped uses up no demand: this producer is called again until something is left or it has nothing.
    ///
    /// - Parameter isIncluded: Whether to emit an event. An error that it throws fails the graph.
    /// - Returns: One producer that consists of this one and the filter.
    @inlinable
    public consuming func filter(
        _ isIncluded: @escaping (Output) throws -> Bool
    ) -> TransformedProducer<Self, Output> {
        TransformedProducer(self) { try $0.filter(isIncluded) }
    }

    /// Emits any number of events for each event: all of the first, then all of the second.
    ///
    /// What is more than the consumers want is kept, and lowers the next demand.
    ///
    /// - Parameter transform: Called once for each event, in the stage's task. An error that it throws fails the graph.
    /// - Returns: One producer that consists of this one and the transform.
    @inlinable
    public consuming func flatMap<Events: Sequence>(
        _ transform: @escaping (Output) throws -> Events
    ) -> TransformedProducer<Self, Events.Element> where Events.Element: Sendable {
        TransformedProducer(self) { try $0.flatMap(transform) }
    }

    /// Emits what a closure makes of each event if it is not nil, in the same order.
    ///
    /// What is dropped uses up no demand: this producer is called again until something is left or it has nothing.
    ///
    /// - Parameter transform: Called once for each event, in the stage's task. An error that it throws fails the graph.
    /// - Returns: One producer that consists of this one and the transform.
    @inlinable
    public consuming func compactMap<Result: Sendable>(
        _ transform: @escaping (Output) throws -> Result?
    ) -> TransformedProducer<Self, Result> {
        TransformedProducer(self) { try $0.compactMap(transform) }
    }

    /// Shows each event to a closure before it is emitted; neither events nor demand change.
    ///
    /// - Parameter body: Called once for each event, in order, in the stage's task. An error that it throws fails the
    ///   graph.
    /// - Returns: One producer that consists of this one and the closure.
    @inlinable
    public consuming func tap(_ body: @escaping (Output) throws -> Void) -> TransformedProducer<Self, Output> {
        TransformedProducer(self) { events in
            try events.forEach(body)
            return events
        }
    }
}
