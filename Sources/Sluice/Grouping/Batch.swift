/// A stage that joins its events to arrays, in the same order: each is emitted when it is full, or when its first event
/// has waited long enough.
///
/// ```swift
/// let batches = stages.start { Batch<Order>(count: 100, within: .seconds(1)) }
/// ```
///
/// A consumer's demand counts batches, and a batch that is not full leaves only when the consumers want one; until then
/// it goes on growing as far as events have arrived. What is kept at the end is emitted as the last batch; a graph that
/// is cancelled drops it.
public struct Batch<Element: Sendable>: TimedProducerConsumer {
    private let count: Int
    private let limit: Int
    private let interval: Duration?
    private let weigh: ((Element) -> Int)?

    private var kept: [Element] = []
    private var weight = 0

    /// When the batch that is being filled is to leave, whether or not it is full; nil if there is none or no time limit.
    public private(set) var deadline: Duration?

    /// Makes batches by number.
    ///
    /// - Parameters:
    ///   - count: How many events make a full batch, at least 1.
    ///   - interval: How long a batch's first event may wait for the others on the graph's clock, at least 0; nil: until
    ///     the batch is full.
    public init(count: Int, within interval: Duration? = nil) {
        self.init(count: count, limit: .max, within: interval, weigh: nil)
    }

    /// Makes batches by weight.
    ///
    /// - Parameters:
    ///   - weight: The most that a batch may weigh, at least 1; only a single event may be heavier, and is then a batch
    ///     of its own.
    ///   - count: How many events a batch has at most, at least 1.
    ///   - interval: How long a batch's first event may wait for the others on the graph's clock, at least 0; nil: until
    ///     the batch is full.
    ///   - weigh: An event's weight, at least 0. Called once for each event, in the stage's task.
    public init(
        weight: Int,
        count: Int = .max,
        within interval: Duration? = nil,
        by weigh: @escaping (Element) -> Int
    ) {
        self.init(count: count, limit: weight, within: interval, weigh: weigh)
    }

    private init(count: Int, limit: Int, within interval: Duration?, weigh: ((Element) -> Int)?) {
        precondition(count > 0, "A batch has at least one event, not \(count)")
        precondition(limit > 0, "A batch may weigh at least 1, not \(limit)")
        precondition(interval.map { $0 >= .zero } ?? true, "A batch cannot leave before its first event has come")
        self.count = count
        self.limit = limit
        self.interval = interval
        self.weigh = weigh
    }

    /// Adds the events to the batch that is being filled, and emits it and others that are full.
    ///
    /// - Parameters:
    ///   - events: At least 1 event.
    ///   - time: The time now.
    /// - Returns: The full batches, in order.
    public mutating func handleEvents(_ events: [Element], at time: Duration) -> [[Element]] {
        var batches: [[Element]] = []
        for event in events {
            let added = weigh?(event) ?? 0
            precondition(added >= 0, "An event weighs at least 0, not \(added)")
            if !kept.isEmpty, added > limit - weight { batches.append(take()) }
            if kept.isEmpty { deadline = interval.map { time + $0 } }
            kept.append(event)
            weight += added
            if kept.count == count || weight >= limit { batches.append(take()) }
        }
        return batches
    }

    /// Emits the batch that is being filled.
    ///
    /// - Parameters:
    ///   - time: The time now.
    ///   - demand: At least 1.
    /// - Returns: The batch.
    public mutating func handleDeadline(at time: Duration, demand: Int) -> [[Element]] {
        kept.isEmpty ? [] : [take()]
    }

    /// Emits the last batch.
    ///
    /// - Returns: The batch that was being filled, if there is one.
    public mutating func handleEnd() async throws -> [[Element]] {
        kept.isEmpty ? [] : [take()]
    }

    private mutating func take() -> [Element] {
        defer { (kept, weight, deadline) = ([], 0, nil) }
        return kept
    }
}
