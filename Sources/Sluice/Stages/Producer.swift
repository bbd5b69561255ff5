/// A source of events.
///
/// A producer is a value that one task calls, one call at a time.
///
/// ```swift
/// struct Counter: Producer {
///     var next = 0
///     mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
///         defer { next += demand }
///         return Array(next..<next + demand)
///     }
/// }
/// ```
public protocol Producer<Output>: EmittingStage where Input == Never {
    /// A producer receives nothing.
    override associatedtype Input = Never

    /// The events that the stage emits.
    override associatedtype Output: Sendable

    /// Emits up to `demand` events.
    ///
    /// The call may wait until it has something. It may return fewer events than asked for: the rest is remembered and
    /// asked for again at once. An empty array means *nothing now*: the next call comes after new demand, after a
    /// ``StageHandle/perform(_:)`` on this stage, or after ``StageHandle/wake()``. Surplus events are kept and lower
    /// the next demand. A drain cancels the waiting call's task; what it returns then is still delivered, and a
    /// `CancellationError` then counts as the end of the source.
    ///
    /// - Parameter demand: How many events the consumers still want, at least 1. It does not change during the call.
    /// - Returns: The next events in order, or `nil` when there will be no more.
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleDemand(_ demand: Int) async throws -> [Output]?
}
