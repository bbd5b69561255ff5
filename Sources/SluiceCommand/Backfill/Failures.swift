import SluicePostgres

/// What the server's refusals mean for the copy of a table.
///
/// Pure.
struct Failures {
    enum Verdict {
        case smallerPage, retry, refuse
    }

    private static let canceled = "57014"
    private static let longestPause = 30

    private var told: String?
    private var count = 0

    /// How many seconds to wait before the next attempt.
    var pauses: Int { count == 0 ? 0 : min(Self.longestPause, 1 << min(count - 1, 10)) }

    mutating func verdict(on error: ReplicationError) -> Verdict {
        // A large page that is too slow is made smaller at once; if that does not help, it has to wait, too.
        if error.sqlState == Self.canceled {
            count += told == nil ? 0 : 1
            return .smallerPage
        }
        // Of a lack of rights the user is told here, whom the stream itself would make wait.
        guard error.isRetriable, error.code != .noPermission else { return .refuse }
        count += 1
        return .retry
    }

    /// What the user should hear: a reason once.
    mutating func notice(of error: ReplicationError, table: String) -> String? {
        defer { told = error.sqlState ?? error.message }
        guard told != error.sqlState ?? error.message else { return nil }
        let reason =
            error.sqlState == Self.canceled
            ? "A page took too long, because the table is locked or the server is busy." : error.message
        return "The copy of \(table) waits: \(reason) It is tried again; the stream goes on meanwhile."
    }

    /// A page was copied; whether there were failures before it.
    mutating func over() -> Bool {
        defer { (told, count) = (nil, 0) }
        return told != nil
    }
}
