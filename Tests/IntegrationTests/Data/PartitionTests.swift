import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    /// Tables in pieces.
    @Suite("Partitions")
    struct PartitionTests {
        @Test(
            "E53: a partitioned table that is published through its root has the root's name",
            arguments: [true, false]
        )
        func partitions(viaRoot: Bool) async throws {
            try await Bench.run("partitions_\(viaRoot)") { bench in
                try bench.run(
                    "create table parts (id int, v text, primary key (id)) partition by range (id)",
                    "create table parts_low partition of parts for values from (0) to (100)",
                    // Its columns have another order and a dropped one before them.
                    "create table parts_high (gone int, v text, id int not null)",
                    "alter table parts_high drop gone",
                    "alter table parts attach partition parts_high for values from (100) to (200)"
                )
                try bench.createAudit()
                try bench.audit("parts")
                try bench.createSlot(options: "with (publish_via_partition_root = \(viaRoot))")
                try bench.run(
                    "insert into parts values (1, 'a'), (101, 'b')",
                    "update parts set v = 'c'",
                    "update parts set id = 150 where id = 1",
                    "delete from parts where id = 101"
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                let names = try bench.sql.query(
                    "select distinct line->'metadata'->>'table_name' from oracle.delivered order by 1"
                )
                #expect(names == (viaRoot ? [["parts"]] : [["parts_high"], ["parts_low"]]))
                let keys = try bench.sql.query(
                    "select line->'metadata'->>'record_pks' from oracle.delivered order by n"
                )
                // A row that goes over to another partition is a delete and an insert.
                #expect(keys.compactMap(\.[0]) == ["1", "101", "1", "101", "1", "150", "101"].map { "[\"\($0)\"]" })
                try bench.expectAudited(identity: ["id"])
            }
        }

        @Test(
            "E53: partitions attached and detached while it streams",
            arguments: [true, false],
            ["file:", "sqlite:"]
        )
        func attached(viaRoot: Bool, scheme: String) async throws {
            try await Bench.run("attached_\(viaRoot)_\(scheme.dropLast())") { bench in
                try bench.run(
                    "create table parts (id int primary key, v text) partition by range (id)",
                    "create table parts_low partition of parts for values from (0) to (100)",
                    "create table parts_high (v text, id int primary key)"
                )
                try bench.createSlot(options: "with (publish_via_partition_root = \(viaRoot))")
                let path = bench.folder.path(scheme == "file:" ? "out.ndjson" : "out.db")
                let process = try bench.stream(scheme + path)
                try bench.waitForReader()
                for statement in [
                    "insert into parts values (1, 'a')",
                    "insert into parts_high values ('before', 101)",
                    "alter table parts attach partition parts_high for values from (100) to (200)",
                    "insert into parts values (2, 'b'), (102, 'c')",
                    "update parts set v = 'd' where id in (1, 101)",
                    "alter table parts detach partition parts_low",
                    "insert into parts_low values (3, 'alone')",
                    "delete from parts where id = 102",
                ] {
                    try bench.run(statement)
                }
                try bench.waitForDelivery()
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                try scheme == "file:" ? bench.loadFile() : bench.loadSQLite()
                try bench.expectAscending()
                let rows = try bench.sql.query(
                    """
                    select line->'metadata'->>'table_name', line->>'action', line->'metadata'->'record_pks'->>0
                    from oracle.delivered order by n
                    """
                )
                let (low, high) = viaRoot ? ("parts", "parts") : ("parts_low", "parts_high")
                #expect(
                    rows == [
                        [low, "insert", "1"], ["parts_high", "insert", "101"], [low, "insert", "2"],
                        [high, "insert", "102"], [low, "update", "1"], [high, "update", "101"],
                        ["parts_low", "insert", "3"], [high, "delete", "102"],
                    ]
                )
            }
        }
    }
}
