import Testing

@testable import SluicePostgres

@Suite("What a server's errors mean")
struct ErrorAdviceTests {
    @Test(
        "each says whether another session may help",
        arguments: [
            ("57P01", "terminating connection due to a command", ReplicationError.Code.connectionLost, true),
            ("57P03", "the database system is starting up", .unreachable, true),
            ("08006", "connection failure", .connectionLost, true),
            ("55006", "replication slot \"s\" is active for PID 7", .slotInUse, true),
            ("55000", "logical decoding on standby requires wal_level >= logical on the primary", .serverSetup, false),
            ("55000", "can no longer get changes from replication slot \"s\"", .slotUnusable, false),
            // A standby that is being promoted, before version 16 and from it on.
            ("0A000", "logical decoding cannot be used while in recovery", .unreachable, true),
            ("55000", "cannot use replication slot while in recovery", .unreachable, true),
            ("0A000", "unknown feature", .server, false),
            ("XX000", "could not map filenode", .server, false),
        ]
    )
    func codes(sqlState: String, text: String, code: ReplicationError.Code, isRetriable: Bool) {
        let context = ErrorContext(server: "host:1", user: "me", database: "shop", slot: "s")
        let error = context.error(for: ServerMessage(sqlState: sqlState, text: text))
        #expect(error.code == code)
        #expect(error.isRetriable == isRetriable)
        #expect(error.message.contains(text) || code == .serverSetup)
    }
}
