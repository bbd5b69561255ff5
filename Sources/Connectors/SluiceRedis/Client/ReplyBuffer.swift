import CLibHiredis

/// The reply that is being read, as hiredis tells of its parts.
///
/// By itself hiredis allocates every part of a reply. Here they stand one behind the other, what is in a list behind the
/// list, in memory that is kept for the next reply.
final class ReplyBuffer {
    struct Part {
        /// By hiredis' numbers.
        var kind: Int32
        /// A number, the length of a text, or how many parts a list has.
        var value: Int
        /// Where a text begins.
        var start = 0

        /// How many parts belong to it.
        var count: Int { kind == REDIS_REPLY_ARRAY ? value : 0 }
    }

    // More than that is not kept.
    private static let mostParts = 1 << 16
    private static let mostBytes = 1 << 20

    private var parts: [Part] = []
    private var texts: [UInt8] = []

    /// Has a reader tell of parts, which must not outlive this object.
    func attach(to reader: UnsafeMutablePointer<redisReader>) {
        reader.pointee.fn = Self.functions
        reader.pointee.privdata = Unmanaged.passUnretained(self).toOpaque()
    }

    /// Gives the reply that has been read.
    func withReply<Result>(_ read: (RedisReply) throws -> Result) rethrows -> Result {
        try parts.withUnsafeBufferPointer { parts in
            try texts.withUnsafeBytes { try read(RedisReply(parts, $0, at: 0)) }
        }
    }

    /// Begins the next reply.
    func removeAll() {
        parts.removeAll(keepingCapacity: parts.capacity <= Self.mostParts)
        texts.removeAll(keepingCapacity: texts.capacity <= Self.mostBytes)
    }

    private func add(_ kind: Int32, _ value: Int) -> UnsafeMutableRawPointer? {
        parts.append(Part(kind: kind, value: value))
        return mark
    }

    private func add(_ kind: Int32, _ text: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer? {
        parts.append(Part(kind: kind, value: text.count, start: texts.count))
        texts.append(contentsOf: text)
        return mark
    }

    // Nobody looks where it points. Without it hiredis takes it that there is no memory.
    private var mark: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: parts.count) }

    // Written once, before anybody has it; hiredis only reads it.
    nonisolated(unsafe) private static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        var table = redisReplyObjectFunctions()
        table.createString = { task, text, length in
            buffer(task)?.add(task?.pointee.type ?? REDIS_REPLY_NIL, UnsafeRawBufferPointer(start: text, count: length))
        }
        table.createArray = { task, count in buffer(task)?.add(REDIS_REPLY_ARRAY, Int(count)) }
        table.createInteger = { task, number in buffer(task)?.add(REDIS_REPLY_INTEGER, Int(number)) }
        table.createNil = { task in buffer(task)?.add(REDIS_REPLY_NIL, 0) }
        table.freeObject = { _ in }
        let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        functions.initialize(to: table)
        return functions
    }()

    private static func buffer(_ task: UnsafePointer<redisReadTask>?) -> ReplyBuffer? {
        (task?.pointee.privdata).map { Unmanaged<ReplyBuffer>.fromOpaque($0).takeUnretainedValue() }
    }
}
