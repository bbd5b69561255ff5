/// The objects that an error may be about, so that a message can name them.
struct ErrorContext: Sendable {
    var server: String
    var user: String
    var database: String
    var slot: String?
    var publications: [String] = []

    /// Turns what the server said into what happened to which object and what to do.
    ///
    /// - Parameter message: The server's answer.
    /// - Returns: An error with the code that belongs to the SQLSTATE.
    func error(for message: ServerMessage) -> ReplicationError {
        let (code, text) = explain(message)
        let detail = message.detail.map { " (\($0))" } ?? ""
        return ReplicationError(code, text + detail, sqlState: message.sqlState)
    }

    private var slotName: String { slot.map { "Slot \"\($0)\"" } ?? "The slot" }

    private func explain(_ message: ServerMessage) -> (ReplicationError.Code, String) {
        let said = message.text
        return switch message.sqlState {
        case "28P01":
            (
                .refused,
                "The server at \(server) refused the password of user \"\(user)\"."
                    + " Check the password in the URL, PGPASSWORD or ~/.pgpass."
            )
        case "28000":
            (
                .refused,
                "The server at \(server) does not let user \"\(user)\" into database \"\(database)\": \(said)."
                    + " Check that the role exists and may log in, and that pg_hba.conf has a line for it."
            )
        case "3D000":
            (
                .refused,
                "The server at \(server) has no database \"\(database)\". Check the name after the last slash of the URL."
            )
        case "42501": (.noPermission, permission(said))
        case "42704": (.missing, missing(said))
        case "42710": (.server, "An object of that name exists already: \(said). Choose another name.")
        case "55006":
            (
                .slotInUse,
                "\(slotName) is read by another process: \(said)."
                    + " Stop that process, or use another slot; one slot has one reader."
            )
        case "55000": objectState(said)
        case "58P01":
            (
                .slotUnusable,
                "\(slotName) needs log that the server has removed: \(said)."
                    + " Drop the slot, create it again and load the tables anew."
            )
        case "53300":
            (
                .serverSetup,
                "The server at \(server) has no free connection: \(said)."
                    + " Raise max_connections or max_wal_senders, or close what is not needed."
            )
        case "53400":
            (
                .serverSetup,
                "The server at \(server) has no free replication slot: \(said)."
                    + " Drop a slot that is not needed (select * from pg_replication_slots) or raise max_replication_slots."
            )
        default: other(message)
        }
    }

    private func other(_ message: ServerMessage) -> (ReplicationError.Code, String) {
        let said = message.text
        switch message.sqlState {
        case "57P01", "57P02", "57P05":
            return (.connectionLost, "The server at \(server) ended the connection: \(said).")
        case "57P03":
            return (.unreachable, "The server at \(server) does not accept connections yet: \(said). Try again soon.")
        case "25006":
            return (.serverSetup, "The server at \(server) is read-only (a standby): \(said). Use the primary.")
        // Before version 16 a standby does not know logical decoding.
        case "0A000" where said.contains("recovery"):
            return objectState(said)
        case "0A000", "22023":
            return (.server, "The server at \(server) does not know an option that was asked for: \(said).")
        case let state? where state.hasPrefix("08"):
            return (.connectionLost, "The connection to the server at \(server) failed: \(said).")
        case nil:
            return (.connectionLost, "The connection to the server at \(server) was lost: \(said).")
        default:
            return (.server, "The server at \(server) answered: \(said).")
        }
    }

    private func permission(_ said: String) -> String {
        "User \"\(user)\" lacks a right on the server at \(server): \(said)."
            + " For replication: ALTER ROLE \(quotedName(user)) REPLICATION, as a superuser."
    }

    private func missing(_ said: String) -> String {
        if said.contains("publication"), !publications.isEmpty {
            return "A publication of \(publications.map { "\"\($0)\"" }.joined(separator: ", ")) does not exist"
                + " at the slot's position: \(said). A publication made after the slot's position is not seen by it:"
                + " create the publication first, then drop the slot and create it again."
        }
        return "\(slotName) does not exist in database \"\(database)\": \(said)."
            + " Create it: select pg_create_logical_replication_slot('\(slot ?? "name")', 'pgoutput')."
    }

    private func objectState(_ said: String) -> (ReplicationError.Code, String) {
        if said.contains("wal_level") { return (.serverSetup, Self.walLevel(server: server)) }
        // What it will be in a moment, if it is being promoted.
        if said.contains("recovery") {
            return (
                .unreachable, "The server at \(server) is a standby: \(said). Connect to the primary, or promote it."
            )
        }
        return (
            .slotUnusable,
            "\(slotName) cannot be used any more: \(said)."
                + " If its log was removed, drop the slot, create it again and load the tables anew."
        )
    }

    static func walLevel(server: String) -> String {
        "The server at \(server) does not write what logical replication needs."
            + " Run ALTER SYSTEM SET wal_level = logical and restart the server."
    }
}

/// An identifier as SQL writes it.
package func quotedName(_ name: String) -> String {
    "\"\(name.replacing("\"", with: "\"\""))\""
}

extension ReplicationError {
    /// Whether a session that worked before may work again later: by itself, or when somebody has mended the server's
    /// side.
    package var isRetriable: Bool {
        switch code {
        case .connectionLost, .unreachable: true
        // The walsender of a lost connection lives until it notices; a full server may get room.
        case .slotInUse: true
        // A password, a role or pg_hba.conf that was changed can be changed back.
        case .refused, .noPermission: true
        case .serverSetup: sqlState == "53300"
        default: false
        }
    }
}
