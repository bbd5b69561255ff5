import Foundation
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Values")
    struct ValueTests {
        @Test(
            "E44: values of every type are what the server's own to_jsonb makes of them",
            arguments: ["default", "full"]
        )
        func everyType(identity: String) async throws {
            try await Bench.run("values_\(identity)") { bench in
                for type in Kinds.types { try bench.run(type) }
                let columns = Kinds.values.enumerated().map { "c\($0) \($1.type)" }
                try bench.run(
                    "create table kinds (id int primary key, \(columns.joined(separator: ", ")))",
                    "alter table kinds replica identity \(identity)"
                )
                try bench.createAudit()
                try bench.audit("kinds")
                try bench.createSlot()
                var id = 0
                for (column, kind) in Kinds.values.enumerated() {
                    for value in kind.values {
                        id += 1
                        try bench.run("insert into kinds (id, c\(column)) values (\(id), \(value))")
                    }
                }
                try bench.run(
                    "update kinds set id = -id where id % 2 = 0",
                    "update kinds set c1 = 7",
                    "delete from kinds"
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectAscending()
                // A line break in a value would have cut its line, which then would not be JSON.
                try bench.expectAudited(identity: identity == "full" ? nil : ["id"])
                try #expect(
                    bench.value("select count(*) from oracle.delivered where line->'metadata'->'record_pks' is null")
                        == "0"
                )
            }
        }

        @Test("E44: values are the same in sqlite:")
        func sqlite() async throws {
            try await Bench.run("values_sqlite") { bench in
                try bench.run("create table texts (id int primary key, body text, numbers numeric[])")
                try bench.createAudit()
                try bench.audit("texts")
                try bench.createSlot()
                try bench.run(
                    """
                    insert into texts values (1, E'"\\\\\\n\\t😀', '{1.50,NaN}'),
                        (2, (select string_agg(chr(c), '') from generate_series(1, 160) c), null),
                        (3, repeat(e'a"\\n😀', 200000), array_fill(1e100::numeric, array[1000]))
                    """,
                    "update texts set body = '' where id = 1",
                    "delete from texts where id = 2"
                )
                try bench.streamUntilNow("sqlite:\(bench.folder.path("out.db"))")
                try bench.loadSQLite()
                try bench.expectAudited(identity: ["id"])
            }
        }

        @Test("E44: values that JSON has no form for are told as they are written")
        func rawForms() async throws {
            try await Bench.run("values_raw") { bench in
                try bench.run("create table raw (id int primary key, f float8, n numeric, j json)")
                try bench.createSlot()
                try bench.run(
                    #"insert into raw values (1, '-0', '1.500', '{"a":  1.0}'), (2, 1e+20, 1e20, '"\u0000"')"#
                )
                try bench.streamUntilNow(bench.file)
                let text = try String(contentsOfFile: bench.folder.path("out.ndjson"), encoding: .utf8)
                let records = text.split(separator: "\n").compactMap { $0.split(separator: #","changes""#).first }
                #expect(
                    records.map(String.init) == [
                        #"{"record":{"id":1,"f":-0,"n":"1.500","j":{"a":  1.0}}"#,
                        #"{"record":{"id":2,"f":1e+20,"n":"100000000000000000000","j":"\u0000"}"#,
                    ]
                )
            }
        }
    }
}
