import SluicePostgres
import Testing

/// What triggers wrote down of each row, in the form that messages are meant to have.
///
/// That is the server's own `to_jsonb`, with the documented differences: `numeric` is a string, and composite types,
/// domains, and arrays of other than the usual types are given as their text.
extension Bench {
    /// Makes the audit.
    func createAudit() throws {
        try run(
            """
            create unlogged table oracle.audit (
                n bigint generated always as identity, action text, relation text, after jsonb, before jsonb
            )
            """,
            """
            create function oracle.strings(value jsonb) returns jsonb language sql as $$
                select case jsonb_typeof(value)
                    when 'array' then
                        coalesce((select jsonb_agg(oracle.strings(e)) from jsonb_array_elements(value) e), '[]')
                    when 'number' then to_jsonb(value #>> '{}')
                    else value end
            $$
            """,
            """
            create function oracle.image(relation oid, value record) returns jsonb language plpgsql as $$
            declare members text; result jsonb;
            begin
                select string_agg(format('(%L, %s)', attname, case
                    when atttypid in ('numeric'::regtype, to_regtype('hstore')) or typtype in ('c', 'd')
                        or typcategory = 'A' and (
                            typelem >= 16384 or typelem in (select oid from pg_type where typtype in ('r', 'm'))
                            or typelem = 'box'::regtype
                        )
                        then format('to_jsonb(($1).%I::text)', attname)
                    when atttypid = 'numeric[]'::regtype then format('oracle.strings(to_jsonb(($1).%I))', attname)
                    else format('to_jsonb(($1).%I)', attname) end), ', ')
                into members from pg_attribute join pg_type t on t.oid = atttypid
                where attrelid = relation and attnum > 0 and not attisdropped;
                execute 'select jsonb_object_agg(k, v) from (values ' || members || ') m(k, v)' using value into result;
                return result;
            end $$
            """,
            """
            create function oracle.note() returns trigger language plpgsql as $$ begin
                insert into oracle.audit (action, relation, after, before) values (
                    lower(tg_op), tg_table_name,
                    case when tg_op <> 'DELETE' then oracle.image(tg_relid, new) end,
                    case when tg_op <> 'INSERT' then oracle.image(tg_relid, old) end
                );
                return null;
            end $$
            """
        )
    }

    /// Notes every change of a table's rows from now on.
    func audit(_ table: String) throws {
        try run(
            "create trigger note after insert or update or delete on \(table) for each row execute function oracle.note()"
        )
    }

    /// Expects that the rows of each message are those that the trigger saw, column by column.
    ///
    /// A delete has what the replica identity gives: the named columns, or all of them.
    ///
    /// - Parameter identity: The columns of deleted rows; nil: all.
    func expectAudited(identity: [String]?, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let names = try identity.map { try $0.map { try sql.literal($0) }.joined(separator: ", ") }
        let deleted = names.map {
            "(select jsonb_object_agg(key, value) from jsonb_each(before) where key in (\($0)))"
        }
        let changed = """
            (select coalesce(jsonb_object_agg(b.key, b.value), '{}') from jsonb_each(before) b
            where b.value is distinct from after->b.key)
            """
        let rows = try sql.query(
            """
            with expected as (
                select row_number() over (order by n) n, action,
                    case action when 'delete' then \(deleted ?? "before") else after end record,
                    case when action = 'update' then \(identity == nil ? changed : "null::jsonb") end changes
                from oracle.audit
            ), delivered as (
                select row_number() over (order by n) n, line->>'action' action, line->'record' record,
                    case when line->>'action' = 'update' then line->'changes' end changes
                from oracle.delivered where line->>'action' not in ('truncate', 'schema')
            )
            select n, e.action, d.action, key, e.record->key, d.record->key
            from expected e full join delivered d using (n)
            left join lateral (
                select key from (
                    select jsonb_object_keys(e.record) union select jsonb_object_keys(d.record)
                ) k(key) where e.record->key is distinct from d.record->key
            ) k on true
            where key is not null or e.action is distinct from d.action
            union all
            select n, e.action, 'changes', null, e.changes, d.changes
            from expected e join delivered d using (n) where e.changes <> d.changes
            order by 1 limit 20
            """
        )
        let differences = rows.map { row in row.map { $0 ?? "-" }.joined(separator: " | ") }
        #expect(differences == [], "row | expected | delivered", sourceLocation: sourceLocation)
        try #expect(value("select count(*) > 0 from oracle.audit") == "t", sourceLocation: sourceLocation)
    }
}
