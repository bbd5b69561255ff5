import Glibc
import SluicePostgres
import SluiceTesting
import Testing

extension Bench {
    /// Stops the bench's own server, lets something happen to it, starts it again, and connects.
    ///
    /// - Parameters:
    ///   - way: How it is stopped.
    ///   - connecting: Whether the bench's own connection can be made anew.
    ///   - meanwhile: What happens while it is stopped.
    func restartServer(
        _ way: LocalServer.Halt,
        connecting: Bool = true,
        meanwhile: () throws -> Void = {}
    ) throws {
        try server.halt(way)
        try meanwhile()
        try server.resume()
        if connecting { try reconnect() }
    }

    /// Waits until the slot stands at the end of what has been written, stops the command, and compares.
    func finish(_ process: SluiceProcess, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try waitForConfirmation(of: process)
        process.send(SIGTERM)
        #expect(try process.waitForExit() == .status(0), sourceLocation: sourceLocation)
        try loadFile()
        try loadTruth()
        try expectAllDelivered(sourceLocation: sourceLocation)
    }

    /// Waits until everything that is written now is durable in the sink, and the server knows.
    func waitForConfirmation(of process: SluiceProcess) throws {
        let end = try #require(try value("select pg_current_wal_insert_lsn()"))
        // So that it is flushed, and a keepalive says so.
        try run("set synchronous_commit = on", "select pg_logical_emit_message(true, 'test', '')")
        try wait("the slot at the end") {
            guard process.isRunning else { throw TestFailure("it gave up: \(process.error.text)") }
            return try value("select confirmed_flush_lsn >= '\(end)' from pg_replication_slots where \(slotIs)") == "t"
        }
    }

    /// Streams to a sink under load, and kills the command again and again, each time a moment after it has delivered some;
    /// then streams to the end.
    ///
    /// - Parameters:
    ///   - sink: Where to.
    ///   - pause: Between the transactions of the load, in seconds.
    ///   - seed: Decides about the moments.
    ///   - outage: Lets the sink's server fail once, in the middle; the command has to outlive it.
    func killUnderLoad(_ sink: String, pause: Double, seed: UInt64, outage: (() throws -> Void)? = nil) throws {
        var random = SeededGenerator(seed: seed)
        let load = try Load(self, pause: pause)
        for round in 0..<5 {
            let process = try stream(sink)
            try process.waitForProgress("some delivered") { $0["changes"] as? Int ?? 0 > 0 }
            if round == 2, let outage { try expectToOutlive(process, outage) }
            try run("select pg_sleep(\(Double.random(in: 0...0.5, using: &random)))")
            try #require(process.isRunning, "it gave up: \(process.error.text)")
            try process.killHard()
            try waitForNoReader()
        }
        try load.stop()
        try streamUntilNow(sink)
    }

    /// Lets a sink's server fail, and expects that the same process delivers more afterwards.
    func expectToOutlive(_ process: SluiceProcess, _ outage: () throws -> Void) throws {
        try outage()
        let before = try process.last("changes") ?? 0
        try process.waitForProgress("more than before") { $0["changes"] as? Int ?? 0 > before }
    }

    /// Waits until a command has said something besides progress.
    func waitForNotice(_ words: String, of process: SluiceProcess) throws {
        try wait("\"\(words)\"") {
            process.pump(milliseconds: 0)
            return try process.notices().contains(words)
        }
    }

    /// The server's process that sends to the slot.
    var sender: String? {
        get throws { try value("select active_pid from pg_replication_slots where \(slotIs)") }
    }

    /// Writes rows with the version 1.
    func insert(_ ids: ClosedRange<Int>) throws {
        try run("insert into items select id, 1 from generate_series(\(ids.lowerBound), \(ids.upperBound)) id")
    }

    /// Whether the long forms of the tests were asked for.
    static var isSoak: Bool { getenv("SLUICE_SOAK") != nil }
}

extension Bench {
    /// Starts `sluice stream` as another user.
    func stream(as user: String, _ sink: String, _ more: String...) throws -> SluiceProcess {
        var arguments = arguments(sink, more)
        arguments[1] = server.url(database: database, user: user)
        return try SluiceProcess(arguments)
    }
}
