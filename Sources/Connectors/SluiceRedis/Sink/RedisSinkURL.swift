public import Foundation
public import SluiceSinks

/// What a user writes to name streams of a Redis server: `redis://USER:PASSWORD@HOST:PORT/DATABASE?stream=NAME`.
///
/// - `stream`: the stream's key, in which `{schema}` and `{table}` stand for those of the message; `{schema}.{table}`
///   without it.
/// - `maxlen`: about how many entries each stream keeps; all without it.
/// - `cursor`: the name of the position, for streams of several slots into one database; `sluice` without it.
/// - `password.env`: the environment variable that holds the password.
public struct RedisSinkURL: Sendable {
    let settings: RedisSinkSettings

    /// Reads a URL.
    ///
    /// - Parameters:
    ///   - text: What the user wrote.
    ///   - environment: Where `password.env` looks.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL`, or `unsupported` for `rediss:`; without any part
    ///   that may be secret.
    public init(
        _ text: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SinkError) {
        let (address, options) = try RedisAddress.parse(text) { environment[$0] }
        var settings = RedisSinkSettings(address: address)
        for option in options { try settings.set(option) }
        self.settings = settings
    }

    /// Makes the sink; nothing is opened yet.
    ///
    /// - Parameter report: Gets sentences for the user: the server cannot be reached, and is there again.
    /// - Returns: A new sink.
    public func makeSink(report: @escaping @Sendable (String) -> Void = { _ in }) -> RedisSink {
        RedisSink(settings, report: report)
    }
}

/// A server, and where in it the messages and the position are.
struct RedisSinkSettings: Sendable {
    var address: RedisAddress
    /// The stream's key for a message; nil: `SCHEMA.TABLE`.
    private(set) var stream: NameTemplate?
    /// About how many entries each stream keeps; nil: all.
    private(set) var maxLength: Int?
    /// The name of the sink's position.
    private(set) var cursor = "sluice"
    /// How long connecting may take, and each answer.
    var timeout = Duration.seconds(10)

    init(address: RedisAddress) {
        self.address = address
    }

    mutating func set(_ option: RedisAddress.Option) throws(SinkError) {
        switch option.name {
        case "stream":
            guard let template = try? NameTemplate(option.value), !template.isEmpty else {
                throw SinkError(
                    .badURL,
                    "stream=\(option.value) is no name of a stream: it is not empty, and its braces are {schema} "
                        + "or {table}."
                )
            }
            stream = template
        case "maxlen":
            guard let length = Int(option.value), length > 0 else {
                throw SinkError(.badURL, "maxlen=\(option.value) is not a number of entries, at least 1.")
            }
            maxLength = length
        case "cursor":
            guard !option.value.isEmpty else { throw SinkError(.badURL, "cursor is a name, not empty.") }
            cursor = option.value
        default:
            throw SinkError(
                .badURL,
                "The Redis URL has no option \(option.name). Its options are stream, maxlen, cursor and password.env."
            )
        }
    }

    /// The key of a message's stream.
    ///
    /// A message whose table is not known, and of which the name would be made, has a stream by itself.
    func key(schema: String?, table: String?) -> String {
        if let fixed = stream?.fixed { return fixed }
        guard let schema, let table else { return "sluice:other:\(cursor)" }
        return stream?.name(schema: schema, table: table) ?? "\(schema).\(table)"
    }

    /// A hash with the source and the position.
    var cursorKey: String { "sluice:cursor:\(cursor)" }

    /// A set of the keys of all streams that were written to.
    var streamsKey: String { "sluice:streams:\(cursor)" }

    /// What names the sink in the state file: never with a password.
    var identity: String { "\(address)?stream=\(stream?.description ?? "{schema}.{table}")&cursor=\(cursor)" }
}
