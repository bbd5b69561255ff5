import Foundation
import SluicePostgres
public import SluiceSinks

/// What a user writes to name a database to replicate into: `postgres://USER@HOST:PORT/DATABASE?schema=NAME&cursor=NAME`.
///
/// - `schema`: the schema in which all tables are; without it each is in the schema of its own name.
/// - `cursor`: the name of the row that holds the sink's position, for streams of several slots into one database;
///   `sluice` without it.
/// - `dead_letters`: `on` puts rows that the database refuses into `sluice.dead_letters`; without it, or with `off`, they
///   stop the stream.
/// - Every other option is libpq's, as are its environment variables, service files and `.pgpass`.
public struct PostgresSinkURL: Sendable {
    let settings: PostgresSettings

    /// Reads a URL.
    ///
    /// - Parameter text: What the user wrote, `postgres:` or `postgresql:` first.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL`, without any part that may be secret.
    public init(_ text: String) throws(SinkError) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard scheme == "postgres" || scheme == "postgresql", parts[0].contains("://") else {
            throw SinkError(.badURL, "A database is written postgres://USER@HOST:PORT/DATABASE.")
        }
        var own: [String: String] = [:]
        var others: [Substring] = []
        for pair in parts.count == 2 ? parts[1].split(separator: "&") : [] {
            let name = pair.prefix { $0 != "=" }
            guard ["schema", "cursor", "dead_letters"].contains(name) else {
                others.append(pair)
                continue
            }
            let value = pair.dropFirst(name.count + 1)
            guard let plain = String(value).removingPercentEncoding, !plain.isEmpty, !plain.utf8.contains(0),
                plain.utf8.count < 64
            else {
                throw SinkError(.badURL, "The option \(name) of the database's URL is a name of 1 to 63 bytes.")
            }
            guard own.updateValue(plain, forKey: String(name)) == nil else {
                throw SinkError(.badURL, "The option \(name) of the database's URL is given twice.")
            }
        }
        let rest = parts[0].drop { $0 != ":" }
        let target: ConnectionTarget
        do {
            target = try ConnectionTarget(
                "postgresql\(rest)\(others.isEmpty ? "" : "?\(others.joined(separator: "&"))")"
            )
        } catch {
            throw SinkError(.badURL, error.message, cause: error)
        }
        settings = PostgresSettings(
            target: target,
            schema: own["schema"],
            cursor: own["cursor"] ?? "sluice",
            buriesRefused: try Self.isOn(own["dead_letters"] ?? "off")
        )
    }

    private static func isOn(_ value: String) throws(SinkError) -> Bool {
        guard value == "on" || value == "off" else {
            throw SinkError(.badURL, "The option dead_letters of the database's URL is on or off.")
        }
        return value == "on"
    }

    /// Makes the sink; nothing is opened yet.
    ///
    /// - Parameter report: Gets sentences for the user: the database cannot be reached, and is there again; rows are put
    ///   aside.
    /// - Returns: A new sink.
    public func makeSink(report: @escaping @Sendable (String) -> Void = { _ in }) -> PostgresSink {
        PostgresSink(settings, report: report)
    }
}

/// A database, and where in it the tables and the position are.
struct PostgresSettings: Sendable {
    var target: ConnectionTarget
    /// The schema of all tables; nil: each has that of the source.
    var schema: String?
    /// The name of the sink's row in `sluice.cursors`.
    var cursor = "sluice"
    /// Whether rows that the database refuses go to `sluice.dead_letters`, and do not stop the stream.
    var buriesRefused = false
    /// After so long a silence of the server it is asked whether it is still at work.
    var patience = Duration.seconds(30)

    /// What names the sink in the state file: never with a password.
    var identity: String {
        let schema = schema.map { "schema=\($0)&" } ?? ""
        return "\(target)?\(schema)cursor=\(cursor)"
    }
}
