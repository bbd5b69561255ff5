import GRDB
import SluicePostgres
import Testing

extension Bench {
    /// Expects that who follows the messages of `items` has what the table has, and never saw a row go back.
    ///
    /// No id is used again after a delete, and versions only grow.
    func expectCopied(
        _ table: String = "items",
        columns: String = "id, version",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try expectAscending(sourceLocation: sourceLocation)
        try run(
            """
            create or replace view oracle.followed as
            select distinct on (line->'metadata'->>'record_pks') line->>'action' action, r.*
            from oracle.delivered d, jsonb_populate_record(null::\(table), d.line->'record') r
            where line->'metadata'->>'table_name' = '\(table)'
            order by line->'metadata'->>'record_pks', n desc
            """
        )
        let rows = try sql.query(
            """
            select (select count(*) from (
                select \(columns) from \(table) except select \(columns) from oracle.followed where action <> 'delete'
            ) missing), (select count(*) from (
                select \(columns) from oracle.followed where action <> 'delete' except select \(columns) from \(table)
            ) surplus)
            """
        )
        try run("drop view oracle.followed")
        #expect(
            rows == [["0", "0"]],
            "rows that are missing, or other than in the table",
            sourceLocation: sourceLocation
        )
    }

    /// Expects that no message of a row is older than the one before it.
    func expectNoneStale(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let stale = try value(
            """
            select count(*) from (
                select (line->'record'->>'version')::int version, lag((line->'record'->>'version')::int) over w last,
                    lag(line->>'action') over w before
                from oracle.delivered window w as (partition by line->'record'->>'id' order by n)
            ) m where version < last or before = 'delete'
            """
        )
        #expect(stale == "0", "messages that are older than the one before", sourceLocation: sourceLocation)
    }

    /// How many messages with an action were delivered.
    func delivered(_ action: String) throws -> Int {
        Int(try value("select count(*) from oracle.delivered where line->>'action' = '\(action)'") ?? "") ?? -1
    }

    /// How many rows were read more than once.
    func twiceRead() throws -> String? {
        try value(
            """
            select count(*) - count(distinct (line->'metadata'->>'table_name', line->'metadata'->>'record_pks'))
            from oracle.delivered where line->>'action' = 'read'
            """
        )
    }

    /// Copies everything into the file, and ends.
    ///
    /// - Parameter withWatermarks: Whether the role may write them.
    func copyUntilNow(withWatermarks: Bool) throws {
        guard !withWatermarks else {
            try streamUntilNow(file, "--backfill", "all")
            return
        }
        let name = try makeReader()
        let process = try stream(as: name, file, "--backfill", "all", "--until", "now")
        let exit = try process.waitForExit()
        guard exit == .status(0) else { throw TestFailure("sluice ended with \(exit): \(process.error.text)") }
        try #expect(value("select count(*) from pg_roles where rolname = '\(name)'") == "1")
    }

    /// Makes a role that may read everything and write nothing, not even a watermark.
    func makeReader() throws -> String {
        let name = "reader_\(database)"
        try run(
            "create role \(name) login replication",
            "grant usage on schema public to \(name)",
            "grant select on all tables in schema public to \(name)",
            "revoke execute on function pg_logical_emit_message(boolean, text, text) from public"
        )
        return name
    }

    /// Runs `sluice backfill` with the bench's state file.
    func steer(_ command: String...) throws -> String {
        let process = try SluiceProcess(["backfill"] + command + ["--state", folder.path("state")])
        let exit = try process.waitForExit(readingOutput: true)
        guard exit == .status(0) else { throw TestFailure("sluice ended with \(exit): \(process.error.text)") }
        return process.output.text
    }

    /// How long the sink's file was when the state was saved last: behind that anything may be missing after a crash.
    func rememberedLength() throws -> Int {
        let queue = try DatabaseQueue(path: folder.path("state/checkpoint.sqlite"))
        defer { try? queue.close() }
        let mark = try queue.read { try String.fetchOne($0, sql: "select mark from checkpoints") }
        return mark.flatMap { $0.split(separator: "=").last.flatMap { Int($0) } } ?? 0
    }
}
