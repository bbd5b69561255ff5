/// A stage that shows each event to a closure and emits it unchanged.
///
/// ```swift
/// let shown = stages.start { Tap { (number: Int) in print(number) } }
/// ```
public struct Tap<Event: Sendable>: ProducerConsumer {
    private let body: (Event) throws -> Void

    /// Makes the stage.
    ///
    /// - Parameter body: Called once for each event, in order, in the stage's task. An error that it throws fails the
    ///   graph.
    public init(_ body: @escaping (Event) throws -> Void) {
        self.body = body
    }

    /// Shows the events to the closure.
    ///
    /// - Parameter events: At least 1 event.
    /// - Returns: The same events.
    /// - Throws: What the closure throws; it fails the whole graph.
    public mutating func handleEvents(_ events: [Event]) async throws -> [Event] {
        try events.forEach(body)
        return events
    }
}
