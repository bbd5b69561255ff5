import Foundation
import SluicePostgres
import Testing

/// What was delivered and what happened, as tables of the database itself, so that the server compares them.
extension Bench {
    /// Loads lines of messages into `oracle.delivered`, in order; each must be JSON.
    func loadDelivered(_ path: String) throws {
        try run(
            "drop table if exists oracle.delivered",
            """
            create unlogged table oracle.delivered (
                n bigint generated always as identity, raw text not null,
                line jsonb generated always as (raw::jsonb) stored
            )
            """,
            // No byte of a JSON text is a control character, so nothing is quoted and nothing is cut.
            "copy oracle.delivered (raw) from '\(path)' (format csv, delimiter e'\\x01', quote e'\\x02')"
        )
    }

    /// Loads what processes wrote to standard output, up to the last line break of each.
    func loadOutput(of processes: SluiceProcess...) throws {
        var data = Data()
        for process in processes {
            let bytes = process.output.bytes
            data += bytes[..<((bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)]
        }
        try data.write(to: URL(fileURLWithPath: folder.path("output")))
        try loadDelivered(folder.path("output"))
    }

    /// Loads what the sink's file holds.
    func loadFile() throws { try loadDelivered(folder.path("out.ndjson")) }

    /// Loads what the oracle's own slot saw since the last call, in commit order, behind what it saw before.
    func loadTruth() throws {
        try run(
            "create unlogged table if not exists oracle.truth (n bigint generated always as identity, data text)",
            """
            insert into oracle.truth (data)
            select data from pg_logical_slot_get_changes(
                'oracle_\(database)', null, null, 'include-xids', '0', 'skip-empty-xacts', '1'
            ) where data like 'table %'
            """
        )
    }

    /// Expects that cursors ascend strictly and that no key comes twice.
    func expectAscending(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let rows = try sql.query(
            """
            with cursors as (
                select n, (line->'metadata'->>'commit_lsn')::numeric lsn, (line->'metadata'->>'commit_idx')::numeric idx,
                    coalesce(nullif(split_part(
                        convert_from(decode(line->'metadata'->>'idempotency_key', 'base64'), 'utf8'), ':', 3
                    ), '')::int, 0) sub,
                    line->'metadata'->>'idempotency_key' key from oracle.delivered
            ), pairs as (
                select *, lag(row(lsn, idx, sub)) over (order by n) last from cursors
            )
            select count(*) filter (where row(lsn, idx, sub) <= last), count(*) - count(distinct key) from pairs
            """
        )
        #expect(rows == [["0", "0"]], "cursors that do not ascend; keys twice", sourceLocation: sourceLocation)
    }

    /// Expects that exactly the changes of the oracle's slot were delivered, in its order.
    ///
    /// The tables have the columns `id` and `version`, both integers.
    func expectAllDelivered(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try expectAscending(sourceLocation: sourceLocation)
        let rows = try sql.query(
            """
            with truth as (
                select row_number() over (order by n) n, upper(m[1]) || ' ' || m[2] || ' ' || coalesce(m[3], '-') change
                from oracle.truth cross join lateral regexp_match(
                    data, ': (INSERT|UPDATE|DELETE):.* ?id\\[integer\\]:(\\d+)(?: version\\[integer\\]:(\\d+))?'
                ) m
            ), delivered as (
                select row_number() over (order by n) n, upper(line->>'action') || ' ' || (line->'record'->>'id') || ' '
                    || coalesce(line->'record'->>'version', '-') change
                from oracle.delivered
            )
            select (select count(*) from truth), (select count(*) from delivered), count(*),
                min(n || ': ' || coalesce(t.change, 'nothing') || ' came as ' || coalesce(d.change, 'nothing'))
            from truth t full join delivered d using (n) where t.change is distinct from d.change
            """
        ).first
        guard let rows, rows.count == 4 else { throw TestFailure("no comparison") }
        #expect(rows[0] == rows[1], "committed and delivered", sourceLocation: sourceLocation)
        #expect(rows[2] == "0", "differences, for example \(rows[3] ?? "")", sourceLocation: sourceLocation)
        #expect(rows[0] != "0", "the load wrote nothing", sourceLocation: sourceLocation)
    }
}
