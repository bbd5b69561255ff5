/// What a pool has and has done, at one moment.
///
/// `active + undelivered` never exceeds the pool's concurrency. Every event that has arrived is in exactly one of
/// `waiting`, `active`, `done`, `failed` and `lost`, until the pool's end drops what is left.
public struct WorkerPoolCounts: Hashable, Sendable {
    /// Events that are being worked on, or wait for their next attempt.
    public var active = 0

    /// Events that have arrived and wait for a slot or for their key.
    public var waiting = 0

    /// Results that wait for the consumers' demand, and keep their slots until then.
    public var undelivered = 0

    /// Events that were worked on with success.
    public var done = 0

    /// Events whose last attempt has failed.
    public var failed = 0

    /// Events that were in a worker's hands when the pool failed or was stopped.
    public var lost = 0

    /// Attempts that followed a failed one, begun or waited for.
    public var retried = 0

    /// Makes counts of nothing.
    public init() {}
}
