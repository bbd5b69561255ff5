import SluiceSinks

/// Why a command has failed.
enum RedisFailure: Error {
    /// The connection could not be made, or broke; what became of the command is unknown.
    case connection(String)
    /// The server's own words, its code first.
    case server(String)
    /// The reply is not one to this command.
    case strangeReply

    /// What the server calls the failure.
    var code: Substring {
        if case .server(let text) = self { text.prefix { $0 != " " } } else { "" }
    }

    private static let passing: Set<Substring> = [
        "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "READONLY", "OOM", "MISCONF", "NOREPLICAS",
        "UNBLOCKED",
    ]

    private static let unauthorized: Set<Substring> = ["NOAUTH", "WRONGPASS", "NOPERM"]

    /// The failure in the words of this library.
    ///
    /// - Parameters:
    ///   - address: The server.
    ///   - object: What the command was about.
    /// - Returns: An error that names both and says what to do.
    func error(at address: RedisAddress, _ object: String) -> SinkError {
        switch self {
        case .connection(let reason):
            return SinkError(.unavailable, "\(address) cannot be reached: \(reason).")
        case .strangeReply:
            return SinkError(
                .unavailable,
                "\(address) has sent something that is no answer to a command about \(object)."
            )
        case .server(let text):
            if Self.passing.contains(code) || text.contains("max number of clients") {
                return SinkError(.unavailable, "\(address) does nothing for \(object) now: \(text)")
            }
            if Self.unauthorized.contains(code) || text.hasPrefix("ERR AUTH") || text.contains("invalid password") {
                return SinkError(
                    .notAuthorized,
                    "\(address) does not let this user use \(object): \(text) Check user and password in the URL, "
                        + "and the user's rights (ACL)."
                )
            }
            switch code {
            case "NOGROUP":
                return SinkError(
                    .missing,
                    "\(address) has no such stream or group: \(object). "
                        + "Create it: XGROUP CREATE STREAM GROUP $ MKSTREAM."
                )
            case "WRONGTYPE":
                return SinkError(.refused, "\(object) of \(address) is not a stream. Use another key.")
            case "MOVED", "ASK", "CROSSSLOT":
                return SinkError(
                    .unsupported,
                    "\(address) is a node of a Redis Cluster, whose keys are on several servers. "
                        + "Give a server by itself."
                )
            default:
                if text.contains("unknown command") || text.contains("Unsupported option") {
                    return SinkError(.unsupported, "\(address) is too old: \(text) Use Redis 6.2 or later.")
                }
                return SinkError(.refused, "\(address) refuses a command about \(object): \(text)")
            }
        }
    }
}
