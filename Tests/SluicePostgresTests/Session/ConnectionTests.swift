import Glibc
import Testing

@testable import SluicePostgres

@Suite("A connection")
struct ConnectionTests {
    private static let secret = "s3cr%et/x"

    private func failure(_ url: String) async -> ReplicationError? {
        let thread = BlockingThread()
        defer { thread.close() }
        return await #expect(throws: ReplicationError.self) {
            try await thread.run { _ = try Connection(ConnectionTarget(url)) }
        }
    }

    @Test(
        "a string that cannot be read is refused without showing it",
        arguments: [
            "mysql://bob:hunter2@h/d", "postgres://bob:hunter2%zz@h/d", "postgres://bob:hunter2@h/d?nonsense=1",
            "hunter2", "host=h password=hunter2 nonsense=1", "",
        ].dropLast()
    )
    func badURL(url: String) {
        let error = #expect(throws: ReplicationError.self) { try ConnectionTarget(url) }
        #expect(error?.code == .badURL)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test("a target is described without its password")
    func description() throws {
        let target = try ConnectionTarget("postgres://bob:hunter2@db.example:5555/shop?application_name=x")
        #expect("\(target)" == "postgres://bob@db.example:5555/shop")
        var dumped = ""
        dump(target, to: &dumped)
        #expect(!dumped.contains("hunter2") && !String(reflecting: target).contains("hunter2"))
        #expect(try ConnectionTarget("host=/tmp/s user=u dbname=d").description == "postgres://u@/tmp/s:5432/d")
    }

    @Test("the session's settings win over the user's, the role's and the database's")
    func settings() async throws {
        let target = try await TestServer.database(
            "settings",
            running: "alter database settings set datestyle = 'German'",
            "alter database settings set bytea_output = 'escape'",
            "alter database settings set statement_timeout = 1000"
        )
        let url = target.string + "?options=-c%20timezone%3DJapan%20-c%20work_mem%3D7MB"
        let own = try ConnectionTarget(url)
        for (name, value) in [
            ("datestyle", "ISO, DMY"), ("bytea_output", "hex"), ("statement_timeout", "0"), ("timezone", "UTC"),
            ("work_mem", "7MB"), ("application_name", "sluice"), ("client_encoding", "UTF8"),
        ] {
            #expect(try await TestServer.query(own, "show \(name)") == [[value]], "\(name)")
        }
    }

    @Test("a server that is not there is named")
    func unreachable() async throws {
        let error = await failure("postgres://bob:hunter2@127.0.0.1:1/shop")
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("postgres://bob@127.0.0.1:1/shop") == true)
        let several = await failure("postgres://bob:hunter2@127.0.0.1:1,127.0.0.1:2/shop")
        #expect(several?.code == .unreachable)
    }

    @Test("a database that does not exist is named")
    func noDatabase() async throws {
        let server = try await TestServer.shared()
        let error = await failure(server.url(database: "nowhere"))
        #expect(error?.code == .refused)
        #expect(error?.sqlState == "3D000")
        #expect(error?.message.contains("\"nowhere\"") == true)
    }

    @Test("a wrong password, none, and no role are told apart, and the password is in no message")
    func passwords() async throws {
        let thread = BlockingThread()
        defer { thread.close() }
        let server = try await thread.run {
            try LocalServer(.init(password: "right", settings: ["wal_level": "replica"]))
        }
        defer { server.stop() }
        let base = server.url()
        func url(_ login: String) -> String { base.replacing("postgres://postgres@", with: "postgres://\(login)@") }

        let wrong = await failure(url("postgres:s3cr%25et%2Fx"))
        #expect(wrong?.code == .refused && wrong?.sqlState == "28P01")
        #expect(wrong?.description.contains(Self.secret) == false)
        #expect(wrong?.message.contains("~/.pgpass") == true)
        let none = await failure(base)
        #expect(none?.code == .refused)
        #expect(none?.message.contains("none was given") == true)

        let right = try ConnectionTarget(url("postgres:right"))
        let error = await #expect(throws: ReplicationError.self) {
            try await thread.run {
                _ = try Preflight.run(on: Connection(right), options: .init(slot: "s", publications: ["p"]))
            }
        }
        #expect(error?.code == .serverSetup)
        #expect(error?.message.contains("ALTER SYSTEM SET wal_level = logical and restart") == true)
    }

    @Test("a message never repeats a secret, and the code of a failed connection is found")
    func messages() {
        let report = """
            connection to server at "h", port 1 failed: FATAL:  28P01: password hunter2 is wrong
            LOCATION:  auth_failed, auth.c:326
            """
        let message = ServerMessage(connectionReport: report, hiding: ["hunter2"])
        #expect(message == ServerMessage(sqlState: "28P01", text: "password *** is wrong"))
        let plain = ServerMessage(connectionReport: "could not  translate\nhost: name", hiding: [])
        #expect(plain == ServerMessage(sqlState: nil, text: "could not translate host: name"))
    }

    @Test("\"now\" is a position that the log reaches")
    func untilNow() async throws {
        let target = try await TestServer.database("until_now", running: "create table t(a int)")
        let thread = BlockingThread()
        defer { thread.close() }
        let isReached = try await thread.run {
            let connection = try Connection(target)
            try connection.query("insert into t values (1)")
            let position = try connection.untilNow()
            // The server's own writer flushes it, a few tenths of a second later at most.
            for _ in 0..<100 {
                let rows = try connection.query("select pg_current_wal_flush_lsn() >= '\(position)', pg_sleep(0.05)")
                if rows.first?.first == "t" { return true }
            }
            return false
        }
        #expect(isReached)
    }

    @Test("primary keys are found by oid, in the key's order, also after the connection was lost")
    func keys() async throws {
        let target = try await TestServer.database(
            "keys",
            running: "create table plain(a int)",
            "create table keyed(a int, b text, c int, d int, primary key (c, a) include (d))"
        )
        let oids = try await TestServer.query(
            target,
            "select oid from pg_class where relname in ('plain', 'keyed') order by relname"
        ).compactMap { $0[0].flatMap { UInt32($0) } }
        let catalog = KeyCatalog(target)
        defer { catalog.close() }
        #expect(try await catalog.primaryKey(of: oids[0]) == ["c", "a"])
        #expect(try await catalog.primaryKey(of: oids[1]) == nil)
        #expect(try await catalog.primaryKey(of: 1) == nil)
        try await TestServer.query(
            target,
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'keys' and pid <> pg_backend_pid()"
        )
        // Locked: a lookup by name would wait.
        let locker = BlockingThread()
        defer { locker.close() }
        let names = try await locker.run { try Connection(target).query("begin; lock table keyed; select 1") }
        #expect(names == [["1"]])
        #expect(try await catalog.primaryKey(of: oids[0]) == ["c", "a"])
    }
}
