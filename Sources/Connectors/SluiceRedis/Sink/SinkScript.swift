import SluicePostgres
import SluiceSinks

/// Messages that are added together with the position behind them.
struct StreamPart {
    /// So many messages, or so many bytes, are added while the server does nothing else.
    private static let limit = (messages: 1000, bytes: 4 << 20)

    private let settings: RedisSinkSettings
    private var keys: [String] = []
    private var numbers: [String: Int] = [:]
    private var arguments = RedisCommands.Arguments()
    private(set) var end: Cursor?

    init(_ settings: RedisSinkSettings) {
        self.settings = settings
    }

    /// Whether it is better to go on with another one.
    var isFull: Bool {
        arguments.count >= 3 * Self.limit.messages || arguments.bytes.count >= Self.limit.bytes
    }

    /// Adds the messages of a change, from one of them on.
    mutating func append(_ change: Change, from first: Int) {
        change.forEachOutgoing(from: first) { message, _ in
            arguments.append(String(number(of: settings.key(schema: message.schema, table: message.table))))
            // One that is there, and may be empty, is told from none.
            if let key = message.key { arguments.append([UInt8(ascii: "=")] + key) } else { arguments.append("") }
            arguments.append(message.body)
        }
        end = change.lastCursor
    }

    private mutating func number(of key: String) -> Int {
        if let number = numbers[key] { return number }
        keys.append(key)
        numbers[key] = keys.count
        return keys.count
    }

    /// The command that adds them, if the position is the one that is expected.
    func add(to commands: inout RedisCommands, from start: Cursor?) {
        let names = ["EVAL", Self.script, String(2 + keys.count), settings.cursorKey, settings.streamsKey] + keys
        let values = [start.stored, end.stored, settings.maxLength.map(String.init) ?? ""]
        commands.begin(names.count + values.count + arguments.count)
        for text in names + values { commands.append(text) }
        commands.append(arguments)
    }

    /// Adds messages and sets the position: all of it, or nothing and says why.
    ///
    /// A script, and no transaction, because Redis takes nothing back when a command of a transaction fails: it would
    /// move the position past a message that is nowhere. Here what may fail is looked at before anything is written,
    /// and a server without memory refuses the first command that writes and no later one.
    private static let script = """
        local stored = redis.call('HGET', KEYS[1], 'cursor') or ''
        if stored ~= ARGV[1] then return {'position', stored} end
        for place = 3, #KEYS do
          local kind = redis.call('TYPE', KEYS[place]).ok
          if kind ~= 'none' and kind ~= 'stream' then return {'type', KEYS[place]} end
        end
        for place = 3, #KEYS do redis.call('SADD', KEYS[2], KEYS[place]) end
        for place = 4, #ARGV, 3 do
          local command = {'XADD', KEYS[2 + tonumber(ARGV[place])]}
          if ARGV[3] ~= '' then
            command[3], command[4], command[5] = 'MAXLEN', '~', ARGV[3]
          end
          command[#command + 1] = '*'
          if ARGV[place + 1] ~= '' then
            command[#command + 1] = 'key'
            command[#command + 1] = string.sub(ARGV[place + 1], 2)
          end
          command[#command + 1] = 'message'
          command[#command + 1] = ARGV[place + 2]
          redis.call(unpack(command))
        end
        redis.call('HSET', KEYS[1], 'cursor', ARGV[2])
        return {'done'}
        """
}

/// The hash in which a sink's source and position are.
enum SinkClaim {
    /// Takes the hash for a source if it is nobody's, and answers whose it is and its position.
    static func command(_ settings: RedisSinkSettings, _ source: SourceIdentity) -> RedisCommands {
        RedisCommands(
            "EVAL",
            """
            local found = redis.call('HMGET', KEYS[1], 'system_identifier', 'slot', 'timeline', 'cursor')
            if not found[1] or found[1] == ARGV[1] and found[2] == ARGV[2] and tonumber(found[3]) < tonumber(ARGV[3]) then
              redis.call('HSET', KEYS[1], 'system_identifier', ARGV[1], 'slot', ARGV[2], 'timeline', ARGV[3])
              return {ARGV[1], ARGV[2], ARGV[3], found[4] or ''}
            end
            return {found[1], found[2], found[3], found[4] or ''}
            """,
            "1",
            settings.cursorKey,
            source.systemIdentifier,
            source.slot,
            String(source.timeline)
        )
    }
}

extension Cursor? {
    /// As it stands in the hash: the three numbers, or nothing.
    var stored: String {
        map { "\($0.commitLSN.rawValue):\($0.index):\($0.sub)" } ?? ""
    }

    /// Reads what ``stored`` made.
    ///
    /// - Throws: `corrupt`.
    init(stored text: String, in place: String) throws(SinkError) {
        guard !text.isEmpty else {
            self = nil
            return
        }
        let parts = text.split(separator: ":")
        guard parts.count == 3, let lsn = UInt64(parts[0]), let index = UInt64(parts[1]), let sub = Int32(parts[2])
        else {
            throw SinkError(
                .corrupt,
                "The position in \(place) is damaged. Restore it, or delete the key to start anew."
            )
        }
        self = Cursor(commitLSN: LSN(rawValue: lsn), index: index, sub: sub)
    }
}
