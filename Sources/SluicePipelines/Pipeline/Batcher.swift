public import Sluice

/// How a pipeline's messages of one name are handled together.
public struct Batcher<Output: Sendable>: Sendable {
    @usableFromInline let name: String
    @usableFromInline let limit: BatchLimit<Output>
    @usableFromInline let timeout: Duration
    @usableFromInline let concurrency: Int
    @usableFromInline let maxDemand: Int
    @usableFromInline let capacity: Int
    @usableFromInline let handlingTimeout: Duration?
    @usableFromInline let retry: RetryPolicy
    @usableFromInline let deadLetters: DeadLetters<Output>?
    @usableFromInline let partition: (@Sendable (Message<Output>) -> UInt64)?

    /// Makes a batcher whose batches go to whoever is free.
    ///
    /// With a concurrency above 1, batches of one key may be handled side by side.
    ///
    /// - Parameters:
    ///   - name: By which messages name it.
    ///   - limit: When a batch is full.
    ///   - timeout: How long a batch's first message waits for others, at least 0.
    ///   - concurrency: How many batches are handled at once, at least 1.
    ///   - maxDemand: How many messages each processor may have been asked for, at least 1; as many as a batch has if nil.
    ///   - capacity: How many messages the open batches of all keys may have together, at least 1: beyond, the oldest one
    ///     leaves.
    ///   - handlingTimeout: How long handling a batch may take; all of it fails then, and its handler's task is cancelled.
    ///     Nil: no limit.
    ///   - retry: How often a batch is tried whose handler throws, or takes too long: all of it, as it was.
    ///   - deadLetters: Takes the messages of a batch that have failed; nil: their source does with them what it does.
    @inlinable
    public init(
        _ name: String = "default",
        size limit: BatchLimit<Output> = .count(100),
        timeout: Duration = .seconds(1),
        concurrency: Int = 1,
        maxDemand: Int? = nil,
        capacity: Int = 10_000,
        handlingTimeout: Duration? = nil,
        retry: RetryPolicy = .never,
        deadLetters: DeadLetters<Output>? = nil
    ) {
        self.init(name, limit, timeout, concurrency, maxDemand, capacity, handlingTimeout, retry, deadLetters, nil)
    }

    /// Makes a batcher whose batches have messages of one partition, and are handled one after another in each.
    ///
    /// The order of a key is that of the source only if the processors are partitioned by the same key.
    ///
    /// - Parameters:
    ///   - name: By which messages name it.
    ///   - limit: When a batch is full.
    ///   - timeout: How long a batch's first message waits for others, at least 0.
    ///   - concurrency: How many partitions there are, at least 1.
    ///   - maxDemand: How many messages each processor may have been asked for, at least 1; as many as a batch has if nil.
    ///   - capacity: How many messages the open batches may have together, at least 1: beyond, the oldest one leaves.
    ///   - handlingTimeout: How long handling a batch may take; nil: no limit.
    ///   - retry: How often a batch is tried; its partition's next ones wait.
    ///   - deadLetters: Takes the messages of a batch that have failed.
    ///   - key: A message's key.
    @inlinable
    public init(
        _ name: String = "default",
        size limit: BatchLimit<Output> = .count(100),
        timeout: Duration = .seconds(1),
        concurrency: Int = 1,
        maxDemand: Int? = nil,
        capacity: Int = 10_000,
        handlingTimeout: Duration? = nil,
        retry: RetryPolicy = .never,
        deadLetters: DeadLetters<Output>? = nil,
        partitionedBy key: @escaping @Sendable (Message<Output>) -> some StablyHashable
    ) {
        self.init(name, limit, timeout, concurrency, maxDemand, capacity, handlingTimeout, retry, deadLetters) {
            StableHash.of(key($0))
        }
    }

    @inlinable
    init(
        _ name: String,
        _ limit: BatchLimit<Output>,
        _ timeout: Duration,
        _ concurrency: Int,
        _ maxDemand: Int?,
        _ capacity: Int,
        _ handlingTimeout: Duration?,
        _ retry: RetryPolicy,
        _ deadLetters: DeadLetters<Output>?,
        _ partition: (@Sendable (Message<Output>) -> UInt64)?
    ) {
        precondition(timeout >= .zero, "A batch cannot leave before its first message has come")
        precondition(concurrency > 0, "A batcher handles at least one batch at a time, not \(concurrency)")
        precondition(capacity > 0, "A batcher keeps at least one message, not \(capacity)")
        self.name = name
        self.limit = limit
        self.timeout = timeout
        self.concurrency = concurrency
        self.maxDemand = maxDemand ?? limit.defaultMaxDemand
        self.capacity = capacity
        self.handlingTimeout = handlingTimeout
        self.retry = retry
        self.deadLetters = deadLetters
        self.partition = partition
        precondition(self.maxDemand > 0, "A batcher asks for at least one message, not for \(self.maxDemand)")
    }

    @inlinable var book: BatchBook<Output> {
        let count = UInt64(concurrency)
        return BatchBook(
            batcher: name,
            limit: limit,
            timeout: timeout,
            capacity: capacity,
            partition: partition.map { hash in { @Sendable message in Int(hash(message) % count) } }
        )
    }
}
