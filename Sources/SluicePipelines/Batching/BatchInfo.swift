/// What a batch is.
public struct BatchInfo: Hashable, Sendable {
    /// The batcher's name.
    public var batcher: String

    /// What the messages have in common.
    public var batchKey: String

    /// The partition; `nil` if the batcher has none.
    public var partition: Int?

    /// How many messages it has, at least 1.
    public var size: Int

    /// What made it leave.
    public var trigger: BatchTrigger

    @usableFromInline
    init(batcher: String, batchKey: String, partition: Int?, size: Int, trigger: BatchTrigger) {
        self.batcher = batcher
        self.batchKey = batchKey
        self.partition = partition
        self.size = size
        self.trigger = trigger
    }
}
