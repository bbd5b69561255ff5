/// A stage that works on many events at once: one task for each event, and at most `concurrency` of them.
///
/// ```swift
/// let pages = stages.start {
///     WorkerPool(concurrency: 8, timeout: .seconds(5), retry: RetryPolicy(attempts: 3)) { (url: String) in
///         try await fetch(url)
///     }
/// }
/// try await pages.subscribe(to: urls)
/// try await index.subscribe(to: pages)
/// ```
///
/// A slot is taken by an event from its first attempt on, through every wait between attempts; it is free again when
/// the event is done or has failed for good and, if the pool emits, when its result fits the consumers' demand. As soon
/// as a slot is free, the oldest event that may start takes it, and the producer whose event had it is asked for one
/// more.
/// The limit holds for all subscriptions together: what arrives beyond it waits in the pool.
///
/// A pool whose closure returns a value emits the values, in the order in which the events end; at most `concurrency`
/// of them wait for demand. A pool whose closure returns nothing (`Void`) emits nothing, and needs no consumer.
///
/// When all producers have finished, the pool works off what it has, and finishes after its last result. So it does in
/// a drain. If the last consumer of an emitting pool leaves for good, what has arrived is still worked off, and the
/// results are dropped. Cancelling the graph cancels the workers' tasks, and drops what is in the pool.
public struct WorkerPool<Input: Sendable, Output: Sendable>: PooledStage, EmittingStage, Sendable {
    let concurrency: Int
    let timeout: Duration?
    let retry: RetryPolicy
    let key: (@Sendable (Input) -> any Hashable & Sendable)?
    let onFailure: FailureAction<Input>
    let work: @Sendable (Input) async throws -> Output

    /// Whether the closure's values are events.
    static var emits: Bool { Output.self != Void.self }

    /// Makes a pool.
    ///
    /// - Parameters:
    ///   - concurrency: How many events may be worked on at once, at least 1; also the window of a subscription that
    ///     does not say otherwise.
    ///   - timeout: How long one attempt may take on the graph's clock, above 0; then its task is cancelled, and the
    ///     attempt has failed with ``WorkerTimeout``. The slot is free when the task has returned. Nil: no limit.
    ///   - retry: How often an event is tried, and the waits between. Each event has its attempts for itself.
    ///   - orderedBy: Events with equal keys run one after the other, in the order of their arrival, retries included;
    ///     their results keep that order. Others overtake an event that waits for its key. Nil: no order. It runs in
    ///     the stage's task, once for each event.
    ///   - onFailure: What happens when the last attempt has failed.
    ///   - work: Works on one event; runs in a worker's task. What it throws is an attempt that failed.
    public init(
        concurrency: Int,
        timeout: Duration? = nil,
        retry: RetryPolicy = .never,
        orderedBy: (@Sendable (Input) -> any Hashable & Sendable)? = nil,
        onFailure: FailureAction<Input> = .failStage,
        _ work: @escaping @Sendable (Input) async throws -> Output
    ) {
        precondition(concurrency > 0, "A pool works on at least one event at a time, not \(concurrency)")
        precondition(timeout.map { $0 > .zero } ?? true, "An attempt needs more time than none")
        self.concurrency = concurrency
        self.timeout = timeout
        self.retry = retry
        self.key = orderedBy
        self.onFailure = onFailure
        self.work = work
    }
}

/// A stage that works on several events at once: a ``WorkerPool``, and nothing else; never conform to this protocol.
public protocol PooledStage: ReceivingStage {}
