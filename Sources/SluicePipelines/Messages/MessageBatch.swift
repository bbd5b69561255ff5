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
