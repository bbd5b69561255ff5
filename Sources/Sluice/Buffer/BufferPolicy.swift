/// How many events a stage keeps that no consumer wants yet, and what happens to more.
///
/// A stage is only called for what its consumers want, so it keeps something only if it emits more than it was asked for,
/// or if a consumer leaves.
public struct BufferPolicy: Sendable, Equatable {
    /// What happens when there are too many.
    public enum Overflow: Sendable, Equatable {
        /// The oldest are discarded.
        case dropOldest
        /// The newest are discarded.
        case dropNewest
        /// The graph fails with ``StageError/Code/bufferOverflow``.
        case fail
    }

    let limit: Int
    let overflow: Overflow
    /// Whether the limit is one of weight.
    var countsWeight = false
    /// Whether events stay while there is no consumer.
    var waitsForConsumers = true

    /// Everything is kept.
    public static let unbounded = BufferPolicy(limit: .max, overflow: .fail)

    /// Keeps a number of events.
    ///
    /// - Parameters:
    ///   - limit: At least 0; what is on its way to a consumer that wants it does not count.
    ///   - overflow: What happens to more.
    /// - Returns: The policy.
    public static func bounded(_ limit: Int, _ overflow: Overflow) -> BufferPolicy {
        precondition(limit >= 0, "A buffer cannot keep \(limit) events")
        return BufferPolicy(limit: limit, overflow: overflow)
    }
}
