public import Sluice

/// How a pipeline's messages are handled one by one.
public struct Processors<Input: Sendable>: Sendable {
    @usableFromInline let concurrency: Int
    @usableFromInline let maxDemand: Int
    @usableFromInline let minDemand: Int
    @usableFromInline let timeout: Duration?
    @usableFromInline let retry: RetryPolicy
    @usableFromInline let deadLetters: DeadLetters<Input>?
    @usableFromInline let partition: (@Sendable (Message<Input>) -> UInt64)?

    /// Makes the options for processors that take any message.
    ///
    /// - Parameters:
    ///   - concurrency: How many processors there are, at least 1, twice as many as cores if nothing is said; each handles one message at a time.
    ///   - maxDemand: How many messages each may have been promised by each producer, at least 1.
    ///   - minDemand: When so many are left it asks for more, less than `maxDemand`; half of it if nil. A processor takes
    ///     `maxDemand - minDemand` messages at once at most.
    ///   - timeout: How long handling one message may take; it fails then, and its handler's task is cancelled. The
    ///     processor goes on when the handler has returned. Nil: no limit.
    ///   - retry: How often a message is tried whose handler throws, or takes too long; the messages behind it wait. One that
    ///     is refused, with a ``MessageFailure``, is not tried again.
    ///   - deadLetters: Takes the messages that have failed; nil: their source does with them what it does.
    @inlinable
    public init(
        concurrency: Int = twiceTheCores,
        maxDemand: Int = 10,
        minDemand: Int? = nil,
        timeout: Duration? = nil,
        retry: RetryPolicy = .never,
        deadLetters: DeadLetters<Input>? = nil
    ) {
        self.init(concurrency, maxDemand, minDemand, timeout, retry, deadLetters, nil)
    }

    /// Makes the options for processors that share the messages by key: those of one key are handled by the same
    /// processor, in the order in which one producer emits them.
    ///
    /// - Parameters:
    ///   - concurrency: How many processors there are, at least 1; twice as many as cores if nothing is said.
    ///   - maxDemand: How many messages each may have been promised by each producer, at least 1; as many may wait for each.
    ///   - minDemand: When so many are left it asks for more, less than `maxDemand`; half of it if nil.
    ///   - timeout: How long handling one message may take; nil: no limit.
    ///   - retry: How often a message is tried; its key's next ones wait.
    ///   - deadLetters: Takes the messages that have failed; its key's next ones wait.
    ///   - key: A message's key.
    @inlinable
    public init(
        concurrency: Int = twiceTheCores,
        maxDemand: Int = 10,
        minDemand: Int? = nil,
        timeout: Duration? = nil,
        retry: RetryPolicy = .never,
        deadLetters: DeadLetters<Input>? = nil,
        partitionedBy key: @escaping @Sendable (Message<Input>) -> some StablyHashable
    ) {
        self.init(concurrency, maxDemand, minDemand, timeout, retry, deadLetters) { StableHash.of(key($0)) }
    }

    @inlinable
    init(
        _ concurrency: Int,
        _ maxDemand: Int,
        _ minDemand: Int?,
        _ timeout: Duration?,
        _ retry: RetryPolicy,
        _ deadLetters: DeadLetters<Input>?,
        _ partition: (@Sendable (Message<Input>) -> UInt64)?
    ) {
        precondition(concurrency > 0, "A pipeline has at least one processor, not \(concurrency)")
        precondition(maxDemand > 0, "A processor asks for at least one message, not for \(maxDemand)")
        precondition(timeout.map { $0 > .zero } ?? true, "A handler is given more than no time")
        self.concurrency = concurrency
        self.maxDemand = maxDemand
        self.minDemand = minDemand ?? maxDemand / 2
        precondition((0..<maxDemand).contains(self.minDemand), "minDemand lies between 0 and maxDemand - 1")
        self.timeout = timeout
        self.retry = retry
        self.deadLetters = deadLetters
        self.partition = partition
    }
}
