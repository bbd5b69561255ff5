import SluicePostgres
import SluiceSinks

/// What one transaction is to hold of a batch: the first of the messages that are not there yet.
struct TransactionPart {
    let messages: ArraySlice<OutgoingMessage>

    /// Where it ends.
    let cursor: Cursor

    /// How far the sink is when it is committed.
    let progress: DeliveryProgress

    /// Whether nothing of the batch is left behind it.
    let isLast: Bool

    /// Chooses messages; `nil` if the sink has all of the batch.
    ///
    /// - Parameters:
    ///   - changes: The batch.
    ///   - progress: How far the sink is.
    ///   - aside: The places of messages to leave out.
    ///   - most: How many messages it may have.
    /// - Throws: ``SluiceSinks/SinkError`` if the changes are out of order.
    init?(
        of changes: ArraySlice<Change>,
        after progress: DeliveryProgress,
        without aside: Set<Cursor>,
        most: Int
    ) throws(SinkError) {
        var next = progress
        var messages: [OutgoingMessage] = []
        for change in changes {
            guard let first = try next.take(change) else { continue }
            change.forEachOutgoing(from: first) { message, _ in
                if !aside.contains(message.cursor) { messages.append(message) }
            }
        }
        guard let end = next.cursor, end != progress.cursor else { return nil }
        self.messages = messages.prefix(most)
        isLast = messages.count <= most
        cursor = isLast ? end : self.messages.last?.cursor ?? end
        // What is left of the batch starts with changes that the sink has.
        self.progress = isLast ? next : DeliveryProgress(at: cursor)
    }
}

extension ArraySlice<Change> {
    /// The longest beginning with at most so many bytes, and at least one change.
    func prefix(bytes limit: Int) -> ArraySlice<Change> {
        var bytes = 0
        let end = indices.first { index in
            bytes += Int(self[index].length)
            return bytes > limit && index > startIndex
        }
        return self[startIndex..<(end ?? endIndex)]
    }
}
