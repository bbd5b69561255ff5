import Foundation
import SluicePostgres
import Testing

extension IntegrationTests {
    /// Types that users make, and values that are not of their types.
    @Suite("Custom types")
    struct CustomTypeTests {
        @Test("E57: domains, enums, composites, ranges and hstore, also as keys and as elements")
        func customTypes() async throws {
            try await Bench.run("custom_types") { bench in
                for type in Kinds.types { try bench.run(type) }
                try bench.run(
                    "create type spans as range (subtype = label)",
                    "create domain moods as mood[]",
                    """
                    create table odd (
                        mood mood, size positive, pair pair, spans spans, moods moods, tags hstore, tagged hstore[],
                        primary key (size, mood)
                    )
                    """,
                    "alter table odd replica identity full"
                )
                try bench.createAudit()
                try bench.audit("odd")
                try bench.createSlot()
                try bench.run(
                    """
                    insert into odd values ('it''s "fine"', 5, row('a "b", c', null), '[a,b\\,c)',
                        '{sad,"so so",NULL}', 'a=>1, b=>NULL', array['a=>1'::hstore, null])
                    """,
                    "insert into odd (mood, size) values ('sad', 6)",
                    "alter type mood rename value 'sad' to 'very sad'",
                    "alter type mood add value 'new' before 'so so'",
                    "update odd set pair = null where size = 5",
                    "update odd set mood = 'new' where size = 6",
                    "delete from odd"
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectAudited(identity: nil)
                let keys = try bench.sql.query("select line->'metadata'->'record_pks' from oracle.delivered order by n")
                let (fine, sad, new) = (#"["5", "it's \"fine\""]"#, #"["6", "sad"]"#, #"["6", "new"]"#)
                #expect(keys.compactMap(\.[0]) == [fine, sad, fine, new, fine, new])
            }
        }

        @Test("E45: texts that are not of their column's type come as strings, and nothing stops")
        func malformed() async throws {
            try await Bench.run("malformed") { bench in
                try bench.run(
                    "create table odd (id int primary key, t timestamp, small int2, j json, b bytea, a int2[])"
                )
                try bench.createSlot()
                try bench.run("insert into odd values (1, '2026-01-02', 1, '1', 'plain', '{1}')")
                // From now on the types are written by other types' functions: a superuser can, an extension may.
                for (type, output) in [
                    ("timestamp", "int8out"), ("int2", "boolout"), ("json", "byteaout"), ("bytea", "textout"),
                ] {
                    try bench.run(
                        "update pg_type set typoutput = '\(output)'::regproc where oid = '\(type)'::regtype"
                    )
                }
                try bench.run(#"insert into odd values (2, '2000-01-01 00:00:01', 0, '[1]', '\xc328ff', '{0,1}')"#)
                for (type, output) in [
                    ("timestamp", "timestamp_out"), ("int2", "int2out"), ("json", "json_out"), ("bytea", "byteaout"),
                ] {
                    try bench.run(
                        "update pg_type set typoutput = '\(output)'::regproc where oid = '\(type)'::regtype"
                    )
                }
                try bench.run("insert into odd values (3, 'infinity', 3, 'null', '', '{}')")
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try #expect(
                    bench.sql.query("select line->'record' from oracle.delivered order by n").compactMap(\.[0]) == [
                        #"{"a": [1], "b": "\\x706c61696e", "j": 1, "t": "2026-01-02T00:00:00", "id": 1, "small": 1}"#,
                        """
                        {"a": ["f", "t"], "b": "\u{FFFD}(\u{FFFD}", "j": "\\\\x5b315d", "t": "1000000", "id": 2, \
                        "small": "f"}
                        """,
                        #"{"a": [], "b": "\\x", "j": null, "t": "infinity", "id": 3, "small": 3}"#,
                    ]
                )
            }
        }

        @Test(
            "E45: bytes that are no UTF-8, of a database without an encoding, are repaired",
            arguments: ["default", "full"]
        )
        func withoutEncoding(identity: String) async throws {
            try await Bench.run("no_encoding_\(identity)", encoding: "SQL_ASCII") { bench in
                try bench.run(
                    "create table odd (id text primary key, t text, j json, a text[])",
                    "alter table odd replica identity \(identity)"
                )
                try bench.createSlot()
                let broken = #"convert_from('\x61ff62'::bytea, 'SQL_ASCII')"#
                try bench.run(
                    "insert into odd values (\(broken), \(broken), format('\"%s\"', \(broken))::json, array[\(broken)])",
                    "delete from odd"
                )
                try bench.streamUntilNow(bench.file)
                let text = try String(contentsOfFile: bench.folder.path("out.ndjson"), encoding: .utf8)
                let whole = "{\"id\":\"a\u{FFFD}b\",\"t\":\"a\u{FFFD}b\",\"j\":\"a\u{FFFD}b\",\"a\":[\"a\u{FFFD}b\"]}"
                let records = text.split(separator: "\n").compactMap { $0.split(separator: #","changes""#).first }
                #expect(records.count == 2)
                #expect(records[0] == "{\"record\":\(whole)")
                #expect(records[1] == (identity == "full" ? records[0] : "{\"record\":{\"id\":\"a\u{FFFD}b\"}"))
            }
        }
    }
}
