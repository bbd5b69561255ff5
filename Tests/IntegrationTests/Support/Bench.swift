import Glibc
import SluicePostgres
import Testing

import class Sluice.ThreadExecutor

/// What one test has for itself: a database of a server, a folder, and names for its slot and its publication.
///
/// It blocks, and belongs to the one thread of its test.
final class Bench {
    let server: LocalServer
    let database: String
    let folder: TemporaryFolder
    private(set) var sql: Connection
    /// What it says is told when something is waited for in vain.
    private(set) weak var lastProcess: SluiceProcess?
    var slot: String { "slot_\(database)" }

    private let user: String

    init(_ name: String, on server: LocalServer, password: String?, encoding: String) throws {
        self.server = server
        database = name
        user = password.map { "postgres:\($0)" } ?? "postgres"
        folder = try TemporaryFolder()
        try Connection(ConnectionTarget(server.url(user: user))).query(
            "create database \(name) encoding '\(encoding)' template template0"
        )
        sql = try Connection(ConnectionTarget(server.url(database: name, user: user)))
        try sql.query("create schema oracle")
    }

    /// Runs a test's body with a bench of its own, on a thread of its own.
    ///
    /// - Parameters:
    ///   - name: The database's name.
    ///   - settings: For a server of its own; nil: the shared one.
    ///   - password: For a server of its own that asks for it.
    ///   - encoding: The database's.
    static func run(
        _ name: String,
        settings: [String: String]? = nil,
        password: String? = nil,
        encoding: String = "UTF8",
        _ body: @Sendable (Bench) async throws -> Void
    ) async throws {
        await Lanes.shared.enter()
        let result = await outcome {
            try await withTaskExecutorPreference(ThreadExecutor()) {
                let isOwn = settings != nil || password != nil
                let own = isOwn ? try LocalServer(.init(password: password, settings: settings ?? [:])) : nil
                defer { own?.stop() }
                let server = try own ?? SharedServer.get()
                let result = await outcome {
                    try await body(try Bench(name, on: server, password: password, encoding: encoding))
                }
                // Its processes have ended with it. The slots of all tests are more than a server wants to have.
                if !isOwn { try dropSlots(of: name, on: server) }
                try result.get()
            }
        }
        await Lanes.shared.leave()
        try result.get()
    }

    private static func outcome(of body: () async throws -> Void) async -> Result<Void, any Error> {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    private static func dropSlots(of database: String, on server: LocalServer) throws {
        let sql = try Connection(ConnectionTarget(server.url()))
        let slots = "pg_replication_slots where database = '\(database)'"
        for _ in 0..<1000 {
            try sql.query("select pg_drop_replication_slot(slot_name) from \(slots) and not active")
            let left = try sql.query("select pg_terminate_backend(active_pid) from \(slots)")
            // Nothing tells when the server's process has ended.
            if left.isEmpty || poll(nil, 0, 20) != 0 { return }
        }
        throw TestFailure("the slots of \(database) are still in use")
    }

    /// Kills one of the server's processes, as a crash does: the server restarts all of them and recovers from its log.
    ///
    /// Returns when it has done so and is connected again.
    func crashServer() throws {
        let witness = try connect()
        kill(pid_t(sql.backendPID), SIGKILL)
        // The server ends its other processes before it begins anew. Only then does a new connection outlive the crash.
        #expect(throws: ReplicationError.self) { try witness.query("select pg_sleep(60)") }
        try reconnect()
    }

    /// Waits until the server accepts connections again.
    func reconnect() throws {
        var attempts = 1000
        while true {
            do {
                sql = try connect()
                return
            } catch {
                attempts -= 1
                // Nothing is there yet that could wait for us.
                guard attempts > 0, poll(nil, 0, 20) == 0 else { throw error }
            }
        }
    }

    /// Another connection to the database.
    func connect() throws -> Connection {
        try Connection(ConnectionTarget(server.url(database: database, user: user)))
    }

    /// One value.
    func value(_ query: String) throws -> String? {
        try sql.query(query).first?.first ?? nil
    }

    func run(_ statements: String...) throws {
        for statement in statements { try sql.query(statement) }
    }

    /// Creates the publication and the slot that `sluice` will use, and before them the oracle's own slot.
    func createSlot(tables: String = "all tables", options: String = "") throws {
        try run("create publication sluice for \(tables) \(options)")
        try run("select pg_create_logical_replication_slot('oracle_\(database)', 'test_decoding')")
        try run("select pg_create_logical_replication_slot('\(slot)', 'pgoutput')")
    }

    /// The arguments of `sluice stream` into a sink, with the bench's names.
    ///
    /// - Parameter port: Of what stands before the server; nil: the server's own.
    func arguments(_ sink: String, _ more: [String] = [], port: Int? = nil) -> [String] {
        [
            "stream", "postgres://postgres@127.0.0.1:\(port ?? server.port)/\(database)", sink, "--slot", slot,
            "--state", folder.path("state"),
            "--progress", "plain",
        ] + more
    }

    /// Starts `sluice stream`.
    ///
    /// - Parameters:
    ///   - failpoint: Where a test lets it end, halt or fail, as `SLUICE_FAILPOINT` says it.
    ///   - port: Of what stands before the server; nil: the server's own.
    ///   - environment: Added to the test's.
    func stream(
        _ sink: String,
        _ more: String...,
        failpoint: String? = nil,
        port: Int? = nil,
        environment: [String: String] = [:]
    ) throws -> SluiceProcess {
        let environment = (failpoint.map { ["SLUICE_FAILPOINT=\($0)"] } ?? []) + environment.map { "\($0)=\($1)" }
        let process = try SluiceProcess(arguments(sink, more, port: port), environment: environment)
        lastProcess = process
        return process
    }

    /// Runs `sluice stream --until now` to its end and expects that it succeeds.
    @discardableResult
    func streamUntilNow(
        _ sink: String,
        _ more: String...,
        environment: [String: String] = [:]
    ) throws -> SluiceProcess {
        let process = try SluiceProcess(
            arguments(sink, ["--until", "now"] + more),
            environment: environment.map { "\($0)=\($1)" }
        )
        let exit = try process.waitForExit()
        guard exit == .status(0) else { throw TestFailure("sluice ended with \(exit): \(process.error.text)") }
        return process
    }

    /// The sink's file.
    var file: String { "file:\(folder.path("out.ndjson"))" }
}
