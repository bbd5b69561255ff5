/// How a stage treats what it emits.
public struct EmissionOptions<Event: Sendable>: Sendable {
    /// What is kept of events that no consumer wants yet.
    public var buffer: BufferPolicy

    /// Whether the stage waits for ``StageHandle/resume()`` before it works for its consumers' demand.
    public var startsPaused: Bool

    /// Told of events that nobody gets, and why; they are counted too.
    ///
    /// Called by whoever delivers; must not block. The events of a call are in order; two calls may overlap.
    public var discarded: (@Sendable ([Event], DiscardReason) -> Void)?

    /// Says how.
    public init(
        buffer: BufferPolicy = .unbounded,
        startsPaused: Bool = false,
        discarded: (@Sendable ([Event], DiscardReason) -> Void)? = nil
    ) {
        self.buffer = buffer
        self.startsPaused = startsPaused
        self.discarded = discarded
    }
}
