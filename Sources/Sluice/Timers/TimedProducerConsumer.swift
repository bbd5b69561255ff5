/// A stage between others that is also called when a time has come.
///
/// Times are durations since the stage began, on the graph's clock.
///
/// ```swift
/// struct Latest: TimedProducerConsumer {
///     var latest: Int?
///     var deadline: Duration?
///
///     mutating func handleEvents(_ events: [Int], at time: Duration) async throws -> [Int] {
///         if latest == nil { deadline = time + .seconds(1) }
///         latest = events.last
///         return []
///     }
///
///     mutating func handleDeadline(at time: Duration, demand: Int) async throws -> [Int] {
///         defer { (latest, deadline) = (nil, nil) }
///         return latest.map { [$0] } ?? []
///     }
/// }
/// ```
public protocol TimedProducerConsumer<Input, Output>: EmittingStage, AutomaticStage {
    /// The events that the stage receives.
    override associatedtype Input: Sendable

    /// The events that the stage emits.
    override associatedtype Output: Sendable

    /// When to call ``handleDeadline(at:demand:)``; nil: not.
    ///
    /// Asked after each call of a handler and after each ``StageHandle/perform(_:)``. A time that has passed means *now*.
    var deadline: Duration? { get }

    /// Whether the stage is full: it gets no more events, asks for none, and does not end, until a call has changed it.
    ///
    /// Asked together with ``deadline``. A stage that is full needs a deadline, or a ``StageHandle/perform(_:)``, to go
    /// on. The default is false.
    var isHolding: Bool { get }

    /// Turns events into any number of others, now or later.
    ///
    /// Called only while the consumers want more than the stage has emitted. The next events are asked for when what
    /// this call returned has been delivered.
    ///
    /// - Parameters:
    ///   - events: At least 1 and at most `maxDemand - minDemand` events of one subscription, in their order.
    ///   - time: The time now.
    /// - Returns: The events to emit, in order; more than the consumers want are kept until they want them.
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleEvents(_ events: [Input], at time: Duration) async throws -> [Output]

    /// The deadline has come, and the consumers want something.
    ///
    /// While they want nothing, or while a handler runs, the call waits; events that have arrived by then may be handled
    /// first, in one call.
    ///
    /// - Parameters:
    ///   - time: The time now, at or after the deadline.
    ///   - demand: How many events the consumers want, at least 1.
    /// - Returns: The events to emit, in order; more than the consumers want are kept until they want them.
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleDeadline(at time: Duration, demand: Int) async throws -> [Output]

    /// Gives out what the stage has kept: called once, when all producers have finished and every event was handled.
    ///
    /// It does not wait for the deadline. The stage takes no more subscriptions from here on, and ends after the call. It
    /// is not called when the graph is cancelled or the stage has lost its last consumer. The default returns nothing.
    ///
    /// - Returns: The last events, emitted after everything else whether or not the consumers want them yet.
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleEnd() async throws -> [Output]
}

extension TimedProducerConsumer {
    /// Never full.
    public var isHolding: Bool { false }

    /// Keeps nothing, and gives out nothing.
    public mutating func handleEnd() async throws -> [Output] { [] }
}
