/// Entries as a reply has them.
struct FoundEntries: Sendable {
    var entries: [RedisStreamEntry] = []
    /// Identifiers of those that do not exist any more and are still pending.
    var gone: [RedisStreamEntry.ID] = []
    /// The last identifier, of either kind; `nil`: there is none.
    var last: RedisStreamEntry.ID?
    /// Where a search for abandoned entries goes on.
    var next = EntryBook.first
    /// Identifiers that Redis itself has taken from the pending ones, because their entries do not exist any more.
    var removed: [RedisStreamEntry.ID] = []

    init() {}

    var ids: [RedisStreamEntry.ID] { entries.map(\.id) }

    /// Reads a list of entries.
    init(_ list: RedisReply) throws {
        entries.reserveCapacity(list.count)
        for part in list.parts {
            // Before Redis 7 a claim answers nothing in the place of an entry that was deleted.
            if part.isNothing { continue }
            guard part.count == 2, let id = part[0]?.id, let fields = part[1] else { throw RedisFailure.strangeReply }
            last = id
            if fields.isNothing { gone.append(id) } else { entries.append(RedisStreamEntry(id: id, reply: fields)) }
        }
    }

    /// Reads an answer to `XREADGROUP` about one stream: nothing, or a list of streams.
    init(streams reply: RedisReply) throws {
        if let list = reply[0]?[1] { try self.init(list) } else { self.init() }
    }

    /// Reads an answer to `XAUTOCLAIM`.
    init(claimed reply: RedisReply) throws {
        guard let next = reply[0]?.id, let list = reply[1] else { throw RedisFailure.strangeReply }
        try self.init(list)
        self.next = next
        // Before Redis 7 there is no such list.
        removed = reply[2]?.parts.compactMap(\.id) ?? []
    }
}

extension RedisReply {
    /// The identifier of an entry; `nil` if it is none.
    var id: RedisStreamEntry.ID? { RedisStreamEntry.ID(text: bytes) }
}
