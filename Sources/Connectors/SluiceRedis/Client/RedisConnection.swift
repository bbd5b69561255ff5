import CLibHiredis
import Glibc
import SluicePostgres

/// A connection to a server, for the thread that made it.
///
/// After a failure it is of no use any more.
///
/// hiredis connects and reads replies. Commands are written past it: it would let the process end by `SIGPIPE` when the
/// server has closed the connection.
final class RedisConnection {
    private let context: UnsafeMutablePointer<redisContext>
    private let buffer = ReplyBuffer()
    private let timeout: Duration

    /// By what the server knows the connection; `nil` if the user may not ask for it.
    private(set) var identifier: Int?

    /// Connects, says who it is, and chooses the database; blocks.
    ///
    /// - Parameters:
    ///   - address: Where to.
    ///   - timeout: How long connecting may take, and then each answer.
    /// - Throws: ``RedisFailure``.
    init(_ address: RedisAddress, timeout: Duration) throws {
        let limit = timeval(timeout)
        guard let context = redisConnectWithTimeout(address.host, Int32(address.port), limit) else {
            throw RedisFailure.connection("there is no memory")
        }
        self.context = context
        self.timeout = timeout
        guard context.pointee.err == 0 else { throw failure }
        redisSetTimeout(context, limit)
        redisEnableKeepAlive(context)
        buffer.attach(to: context.pointee.reader)
        var commands = RedisCommands()
        if let password = address.password {
            commands.add(["AUTH"] + (address.user.map { [$0] } ?? []) + [password])
        }
        if address.database > 0 { commands.add("SELECT", String(address.database)) }
        try exchange(commands) { _, _ in }
        do {
            try exchange(RedisCommands("CLIENT", "ID")) { _, reply in identifier = reply.integer }
        } catch let failure as RedisFailure where failure.code == "NOPERM" {
            // It can be used all the same.
        }
    }

    deinit {
        redisFree(context)
    }

    /// Sends commands and reads all of their replies; blocks.
    ///
    /// - Parameters:
    ///   - commands: In order.
    ///   - read: Gets the replies that are no errors, each with its command's number.
    /// - Throws: ``RedisFailure``, of several errors of the server the first; what `read` throws.
    func exchange(_ commands: RedisCommands, _ read: (Int, RedisReply) throws -> Void) throws {
        try send(commands)
        try receive(commands.count, read)
    }

    /// Sends commands; blocks only while the system's buffers are full.
    func send(_ commands: RedisCommands) throws {
        try commands.bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = Glibc.send(context.pointee.fd, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
                if count < 0 {
                    if errno == EINTR { continue }
                    throw RedisFailure.connection(String(cString: strerror(errno)))
                }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Reads replies; blocks until they are there.
    func receive(_ count: Int, _ read: (Int, RedisReply) throws -> Void) throws {
        var complaint: RedisFailure?
        for number in 0..<count {
            buffer.removeAll()
            // It has nothing but a mark.
            var pointer: UnsafeMutableRawPointer?
            guard redisGetReply(context, &pointer) == REDIS_OK, pointer != nil else { throw failure }
            try buffer.withReply { reply in
                if let error = reply.error {
                    complaint = complaint ?? .server(error)
                } else {
                    try read(number, reply)
                }
            }
        }
        if let complaint { throw complaint }
    }

    /// Blocks until a reply begins to arrive, or somebody interrupts.
    ///
    /// - Returns: Whether a reply is there; `false`: interrupted, or the time is over.
    func waitForReply(_ limit: Duration, unless interrupt: WakeUp?) throws -> Bool {
        let end = Instant.now.advanced(by: limit)
        while true {
            var entries = [
                pollfd(fd: context.pointee.fd, events: Int16(POLLIN), revents: 0),
                pollfd(fd: interrupt?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let milliseconds = max(0, Instant.now.milliseconds(until: end))
            let ready = poll(&entries, 2, Int32(clamping: milliseconds))
            if ready < 0, errno == EINTR { continue }
            guard ready >= 0 else { throw RedisFailure.connection(String(cString: strerror(errno))) }
            return entries[0].revents != 0
        }
    }

    private var failure: RedisFailure {
        // The library says "Resource temporarily unavailable" of an answer that does not come.
        if context.pointee.err == REDIS_ERR_IO, errno == EAGAIN {
            return .connection("no answer within \(timeout)")
        }
        return .connection(
            withUnsafeBytes(of: context.pointee.errstr) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
        )
    }
}

extension timeval {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
