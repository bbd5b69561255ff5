/// How a stage treats what it emits.
public struct EmissionOptions<Event: Sendable>: Sendable {
    /// What is kept of events that no consumer wants yet.
    public var buffer: BufferPolicy

    /// What an event weighs, at least 0; nil: each weighs 1.
    ///
    /// The buffer's limit is one of weight then.
    ///
    /// Called once for each event, by the stage's task.
    public var weight: (@Sendable (Event) -> Int)?

    /// Whether events wait while the stage has no consumer; if not, they are discarded with
    /// ``DiscardReason/noConsumer``.
    public var waitsForConsumers: Bool

    /// Whether the stage waits for ``StageHandle/resume()`` before it works for its consumers' demand.
    public var startsPaused: Bool

    /// Told of events that nobody gets, and why; they are counted too.
    ///
    /// Called by whoever delivers; must not block. The events of a call are in order; two calls may overlap.
    public var discarded: (@Sendable ([Event], DiscardReason) -> Void)?

    /// Says how.
    public init(
        buffer: BufferPolicy = .unbounded,
        waitsForConsumers: Bool = true,
        startsPaused: Bool = false,
        discarded: (@Sendable ([Event], DiscardReason) -> Void)? = nil,
        weight: (@Sendable (Event) -> Int)? = nil
    ) {
        self.buffer = buffer
        self.weight = weight
        self.waitsForConsumers = waitsForConsumers
        self.startsPaused = startsPaused
        self.discarded = discarded
    }

    /// The buffer's policy as the machine knows it.
    var policy: BufferPolicy {
        var policy = buffer
        policy.countsWeight = weight != nil
        policy.waitsForConsumers = waitsForConsumers
        return policy
    }
}
