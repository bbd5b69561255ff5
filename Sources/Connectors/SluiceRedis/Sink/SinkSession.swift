import SluicePostgres
import SluiceSinks

/// One connection of the sink, and the position that is stored behind it.
final class SinkSession {
    private let settings: RedisSinkSettings
    private let closing: Closing
    private let connection: RedisConnection

    /// The position that is stored.
    private(set) var cursor: Cursor?

    /// Connects, and takes the position for a source.
    ///
    /// - Parameters:
    ///   - settings: Where to.
    ///   - source: Where the changes come from.
    ///   - closing: Ends waits.
    /// - Throws: ``SluiceSinks/SinkError``, ``RedisFailure``.
    init(_ settings: RedisSinkSettings, for source: SourceIdentity, closing: Closing) throws {
        self.settings = settings
        self.closing = closing
        connection = try RedisConnection(settings.address, timeout: settings.timeout)
        var found: [String] = []
        try connection.exchange(SinkClaim.command(settings, source)) { _, reply in found = reply.parts.map(\.text) }
        guard found.count == 4 else { throw RedisFailure.strangeReply }
        guard found[0] == source.systemIdentifier, found[1] == source.slot else {
            throw SinkError(
                .otherSource,
                "The position \(settings.cursorKey) in \(settings.address) belongs to slot \(found[1]) of server "
                    + "\(found[0]), not to \(source): their positions cannot be mixed. Give cursor=NAME with "
                    + "another name."
            )
        }
        guard found[2] == String(source.timeline) else {
            throw SinkError(
                .otherSource,
                "\(settings.address) has changes of timeline \(found[2]), but the source is on timeline "
                    + "\(source.timeline): it is an old primary or an old copy. Connect to the current primary."
            )
        }
        cursor = try Cursor?(stored: found[3], in: "\(settings.cursorKey) of \(settings.address)")
    }

    /// Stores parts one after the other, without waiting for the answer to each.
    ///
    /// - Returns: `nil`, or the position that is stored instead of the one that was expected; nothing was added then.
    /// - Throws: ``SluiceSinks/SinkError``, ``RedisFailure``.
    func store(_ parts: ArraySlice<StreamPart>) throws -> Cursor?? {
        guard !parts.isEmpty else { return nil }
        var commands = RedisCommands()
        var start = cursor
        for part in parts {
            part.add(to: &commands, from: start)
            start = part.end
        }
        var (problem, other): (SinkError?, Cursor??) = (nil, nil)
        try connection.send(commands)
        guard try connection.waitForReply(settings.timeout, unless: closing.wakeUp) else {
            throw RedisFailure.connection("no answer within \(settings.timeout)")
        }
        try connection.receive(commands.count) { number, reply in
            guard problem == nil, other == nil else { return }
            let detail = reply[1]?.text ?? ""
            switch reply[0]?.text {
            case "done": cursor = parts[parts.startIndex + number].end
            case "position": other = .some(try Cursor?(stored: detail, in: settings.cursorKey))
            case "type":
                problem = SinkError(
                    .refused,
                    "\(detail) of \(settings.address) is not a stream. Choose other names with stream=NAME, or remove it."
                )
            default: throw RedisFailure.strangeReply
            }
        }
        if let problem { throw problem }
        return other
    }

    /// Deletes the messages above a cursor, and sets the position back to it, both or neither.
    ///
    /// - Throws: ``RedisFailure``.
    func rewind(to cursor: Cursor) throws {
        var streams: [String] = []
        try connection.exchange(RedisCommands("SMEMBERS", settings.streamsKey)) { streams = $1.parts.map(\.text) }
        var commands = RedisCommands("MULTI")
        for stream in streams {
            let ids = try messages(of: stream, above: cursor)
            if !ids.isEmpty { commands.add(["XDEL", stream] + ids) }
        }
        commands.add("HSET", settings.cursorKey, "cursor", Cursor?.some(cursor).stored)
        commands.add("EXEC")
        try connection.exchange(commands) { _, _ in }
        self.cursor = cursor
    }

    /// The identifiers of a stream's messages above a cursor: the last ones, as they were added in order.
    private func messages(of stream: String, above cursor: Cursor) throws -> [String] {
        var ids: [String] = []
        var end = "+"
        while true {
            var (isOver, last): (Bool, String?) = (false, nil)
            try connection.exchange(RedisCommands("XREVRANGE", stream, end, "-", "COUNT", "500")) { _, reply in
                for entry in reply.parts {
                    guard let id = entry[0]?.text, let fields = entry[1], !isOver else { continue }
                    last = id
                    let texts = Array(fields.parts)
                    guard
                        let place = stride(from: 0, to: texts.count - 1, by: 2).first(where: {
                            texts[$0].text == "message"
                        }),
                        let own = Cursor(messageLine: texts[place + 1].bytes)
                    else { continue }
                    if own > cursor { ids.append(id) } else { isOver = true }
                }
            }
            guard !isOver, let last else { return ids }
            end = "(\(last)"
        }
    }

    /// What the user should know of what the server keeps; `nil`: it keeps everything, or does not tell.
    var durabilityNotice: String? {
        var settings: [String: String] = [:]
        do {
            for name in ["appendonly", "appendfsync", "maxmemory", "maxmemory-policy"] {
                try connection.exchange(RedisCommands("CONFIG", "GET", name)) { settings[name] = $1[1]?.text }
            }
        } catch {
            return nil
        }
        let advice = "Set appendonly yes and appendfsync always where nothing may be lost."
        if settings["appendonly"] == "no" {
            return "\(self.settings.address) keeps no append-only file: what it has when it ends is lost, but for its "
                + "last snapshot. \(advice)"
        }
        if settings["maxmemory"] != "0", settings["maxmemory-policy"]?.hasPrefix("allkeys") == true {
            return "\(self.settings.address) drops keys when its memory is full (maxmemory-policy "
                + "\(settings["maxmemory-policy"] ?? "")): streams, and the position. Set noeviction."
        }
        if let policy = settings["appendfsync"], policy != "always" {
            return
                "\(self.settings.address) may lose its last second or two when it ends (appendfsync \(policy)). \(advice)"
        }
        return nil
    }
}
