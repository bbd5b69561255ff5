import CLibHiredis

/// A reply, or a part of one: valid only inside the closure that is given it.
struct RedisReply {
    // All of the whole reply.
    private let all: UnsafeBufferPointer<ReplyBuffer.Part>
    private let texts: UnsafeRawBufferPointer
    private let place: Int

    /// - Parameters:
    ///   - all: A whole reply, what is in a list behind the list.
    ///   - texts: What the parts' texts are in.
    ///   - place: Where this one is.
    init(_ all: UnsafeBufferPointer<ReplyBuffer.Part>, _ texts: UnsafeRawBufferPointer, at place: Int) {
        (self.all, self.texts, self.place) = (all, texts, place)
    }

    private var part: ReplyBuffer.Part { all[place] }

    /// What the server has to complain of; `nil` if it is content.
    var error: String? { part.kind == REDIS_REPLY_ERROR ? text : nil }

    var isNothing: Bool { part.kind == REDIS_REPLY_NIL }

    var integer: Int? { part.kind == REDIS_REPLY_INTEGER ? part.value : nil }

    /// The bytes of a text; empty if it is none.
    var bytes: UnsafeRawBufferPointer {
        switch part.kind {
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS, REDIS_REPLY_ERROR:
            UnsafeRawBufferPointer(rebasing: texts[part.start..<part.start + part.value])
        default: UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// How many parts a list has; 0 if it is none.
    var count: Int { part.count }

    /// A part of a list; `nil` if it has not so many.
    subscript(_ index: Int) -> RedisReply? {
        parts.dropFirst(index).first { _ in true }
    }

    /// The parts of a list.
    var parts: some Sequence<RedisReply> {
        sequence(state: (left: count, next: place + 1)) { state in
            guard state.left > 0 else { return nil }
            let reply = RedisReply(all, texts, at: state.next)
            state = (state.left - 1, reply.end)
            return reply
        }
    }

    /// Where the part behind this one is, with all that is in this one.
    private var end: Int {
        var (place, missing) = (place, 1)
        while missing > 0 {
            missing += all[place].count - 1
            place += 1
        }
        return place
    }
}
