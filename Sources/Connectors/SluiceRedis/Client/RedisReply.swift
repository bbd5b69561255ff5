import CLibHiredis

/// A reply, or a part of one, in the library's memory: valid only inside the closure that is given it.
struct RedisReply {
    private let reply: redisReply

    init(_ pointer: UnsafePointer<redisReply>) {
        reply = pointer.pointee
    }

    /// What the server has to complain of; `nil` if it is content.
    var error: String? { reply.type == REDIS_REPLY_ERROR ? text : nil }

    var isNothing: Bool { reply.type == REDIS_REPLY_NIL }

    var integer: Int? { reply.type == REDIS_REPLY_INTEGER ? Int(reply.integer) : nil }

    /// The bytes of a text; empty if it is none.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.str, count: reply.str == nil ? 0 : reply.len)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// How many parts a list has; 0 if it is none.
    var count: Int { reply.type == REDIS_REPLY_ARRAY ? reply.elements : 0 }

    /// A part of a list; `nil` if it has not so many.
    subscript(_ index: Int) -> RedisReply? {
        guard index < count, let element = reply.element[index] else { return nil }
        return RedisReply(element)
    }

    /// The parts of a list.
    var parts: some Sequence<RedisReply> { (0..<count).lazy.compactMap { self[$0] } }
}
