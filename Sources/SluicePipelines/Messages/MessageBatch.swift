/// What made a batch leave.
public enum BatchTrigger: String, Hashable, Sendable {
    /// It is full.
    case size
    /// Its first message has waited as long as it may.
    case timeout
    /// One of its messages asked for it, or the pipeline drains.
    case flush
    /// The batcher keeps as many messages as it may, and this is its oldest batch.
    case pressure
}

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

/// Messages that are handled together.
///
/// All of them are in it from the beginning to the end: a handler says which have failed, and cannot lose one.
public struct MessageBatch<Body: Sendable>: Sendable {
    /// What the batch is.
    public let info: BatchInfo

    /// The messages, in the order in which they came.
    @inlinable public var messages: [Message<Body>] { members }

    @usableFromInline var members: [Message<Body>]

    @inlinable
    init(info: BatchInfo, messages: [Message<Body>]) {
        self.info = info
        members = messages
    }

    /// The messages' bodies.
    @inlinable public var bodies: [Body] { members.map(\.body) }

    /// Lets a message fail; the others go on.
    ///
    /// - Parameters:
    ///   - index: The message's place in ``messages``.
    ///   - failure: Why; the first reason counts.
    @inlinable
    public mutating func fail(at index: Int, because failure: MessageFailure) {
        members[index].fail(because: failure)
    }

    /// Lets all of them fail that have not yet.
    @inlinable
    public mutating func failAll(because failure: MessageFailure) {
        for index in members.indices { members[index].fail(because: failure) }
    }
}
