/// What the next message means for the batch that is being filled.
public enum BatchSplit: Sendable {
    /// It belongs to the batch, and there is room for more.
    case keep
    /// The batch leaves with it.
    case emitAfter
    /// The batch leaves without it, and it is the first of the next one. For the first message of a batch, as ``keep``.
    case emitBefore
}

/// When a batch is full.
public struct BatchLimit<Body: Sendable>: Sendable {
    /// Sees the messages of one batch, in order.
    public typealias Splitter = (Message<Body>) -> BatchSplit

    @usableFromInline
    enum Kind: Sendable {
        case count(Int)
        case custom(@Sendable () -> Splitter)
    }

    @usableFromInline let kind: Kind

    /// How many messages a batcher asks a processor for at once, unless that is said.
    @usableFromInline let defaultMaxDemand: Int

    /// So many messages.
    ///
    /// - Parameter count: At least 1.
    /// - Returns: The limit.
    @inlinable
    public static func count(_ count: Int) -> BatchLimit {
        precondition(count > 0, "A batch has at least one message, not \(count)")
        return BatchLimit(kind: .count(count), defaultMaxDemand: count)
    }

    @inlinable
    init(kind: Kind, defaultMaxDemand: Int) {
        self.kind = kind
        self.defaultMaxDemand = defaultMaxDemand
    }

    /// So much weight, never more; only a single message may be heavier, and is then a batch of its own.
    ///
    /// - Parameters:
    ///   - weight: The most that a batch may weigh, at least 1.
    ///   - count: How many messages it has at most, at least 1.
    ///   - weigh: A message's weight, at least 0.
    /// - Returns: The limit.
    @inlinable
    public static func weight(
        _ weight: Int,
        count: Int = .max,
        by weigh: @escaping @Sendable (Message<Body>) -> Int
    ) -> BatchLimit {
        precondition(weight > 0 && count > 0, "A batch has room for a weight and a number of at least 1")
        return custom(maxDemand: min(count, 100)) {
            var (total, number) = (0, 0)
            return { message in
                let added = weigh(message)
                precondition(added >= 0, "A message weighs at least 0, not \(added)")
                if number > 0, added > weight - total { return .emitBefore }
                (total, number) = (total + added, number + 1)
                return total >= weight || number == count ? .emitAfter : .keep
            }
        }
    }

    /// What a function of your own says.
    ///
    /// - Parameters:
    ///   - maxDemand: How many messages a batcher asks a processor for at once, at least 1.
    ///   - makeSplitter: Makes a function for each batch, which sees its messages; one that answers
    ///     ``BatchSplit/emitBefore`` is not asked again, and the next batch's function sees that message as its first.
    /// - Returns: The limit.
    @inlinable
    public static func custom(maxDemand: Int, _ makeSplitter: @escaping @Sendable () -> Splitter) -> BatchLimit {
        precondition(maxDemand > 0, "A batcher asks for at least one message, not for \(maxDemand)")
        return BatchLimit(kind: .custom(makeSplitter), defaultMaxDemand: maxDemand)
    }
}
