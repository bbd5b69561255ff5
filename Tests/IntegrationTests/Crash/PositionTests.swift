import Foundation
import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Positions")
    struct PositionTests {
        @Test("A7: the state deleted, the file kept: goes on behind the file's last line")
        func stateDeleted() async throws {
            try await Bench.run("state_deleted") { bench in
                try prepare(bench)
                try bench.folder.remove("state")
                try insert(bench, 1001...2000)
                let process = try bench.streamUntilNow(bench.file)
                #expect(try process.notices().contains("its own last change counts"))
                try expectAll(bench)
            }
        }

        @Test("A7: killed, then the state deleted: what the server sends again is recognised")
        func stateDeletedAfterKill() async throws {
            try await Bench.run("state_deleted_kill") { bench in
                try prepare(bench)
                try insert(bench, 1001...40_000)
                let process = try bench.stream(bench.file, "--rate", "20000")
                try bench.wait("output") { bench.folder.size("out.ndjson") > 4_000_000 }
                try process.killHard()
                try bench.waitForNoReader()
                try bench.folder.remove("state")
                try bench.streamUntilNow(bench.file)
                try expectAll(bench)
            }
        }

        @Test("the file moved away, the state kept: says so and starts a new file with what comes next")
        func fileRotated() async throws {
            try await Bench.run("file_rotated") { bench in
                try prepare(bench)
                try bench.folder.remove("out.ndjson")
                try insert(bench, 1001...1500)
                let process = try bench.streamUntilNow(bench.file)
                #expect(try process.notices().contains("out.ndjson is missing, which is taken for a rotation"))
                try bench.loadFile()
                try #expect(bench.sql.query(Self.idRange) == [["500", "1001", "1500"]])
            }
        }

        @Test("the file shortened: stops with an explanation")
        func fileShortened() async throws {
            try await Bench.run("file_shortened") { bench in
                try prepare(bench)
                truncate(bench.folder.path("out.ndjson"), bench.folder.size("out.ndjson") - 10)
                try bench.expectRefusal(bench.arguments(bench.file), "out.ndjson", "messages were removed", "Put the")
            }
        }

        @Test("the file replaced by a copy: stops with an explanation")
        func fileReplaced() async throws {
            try await Bench.run("file_replaced") { bench in
                try prepare(bench)
                let (path, copy) = (bench.folder.path("out.ndjson"), bench.folder.path("copy"))
                try FileManager.default.copyItem(atPath: path, toPath: copy)
                try bench.folder.remove("out.ndjson")
                try FileManager.default.moveItem(atPath: copy, toPath: path)
                try bench.expectRefusal(bench.arguments(bench.file), "out.ndjson", "another file", "Put the original")
            }
        }

        @Test("A8: the slot moved on by somebody else: a gap")
        func slotAdvanced() async throws {
            try await Bench.run("slot_advanced") { bench in
                try prepare(bench)
                try insert(bench, 1001...1010)
                try bench.run("select pg_replication_slot_advance('\(bench.slot)', pg_current_wal_lsn())")
                try bench.expectRefusal(
                    bench.arguments(bench.file),
                    bench.slot,
                    "was moved on",
                    "will not be sent again",
                    "new state folder"
                )
            }
        }

        @Test("F61: the slot dropped and made anew: a gap")
        func slotRecreated() async throws {
            try await Bench.run("slot_recreated") { bench in
                try prepare(bench)
                try bench.run("select pg_drop_replication_slot('\(bench.slot)')")
                try insert(bench, 1001...1010)
                try bench.run("select pg_create_logical_replication_slot('\(bench.slot)', 'pgoutput')")
                try bench.expectRefusal(bench.arguments(bench.file), bench.slot, "was moved on")
            }
        }

        @Test("A8: the state restored from an old copy: a gap")
        func stateRestored() async throws {
            try await Bench.run("state_restored") { bench in
                try prepare(bench)
                let (state, copy) = (bench.folder.path("state"), bench.folder.path("copy"))
                try FileManager.default.copyItem(atPath: state, toPath: copy)
                try insert(bench, 1001...1010)
                try bench.streamUntilNow(bench.file)
                try bench.folder.remove("state")
                try FileManager.default.moveItem(atPath: copy, toPath: state)
                try bench.expectRefusal(bench.arguments(bench.file), bench.slot, "was moved on", "new state folder")
            }
        }

        @Test("a sqlite file of another slot: refused")
        func otherSource() async throws {
            try await Bench.run("other_source") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let sink = "sqlite:\(bench.folder.path("out.db"))"
                try bench.streamUntilNow(sink)
                try bench.run("select pg_create_logical_replication_slot('other_\(bench.slot)', 'pgoutput')")
                try bench.expectRefusal(
                    bench.arguments(sink, ["--slot", "other_\(bench.slot)"]),
                    "out.db",
                    "belongs to slot \(bench.slot)",
                    "another file"
                )
            }
        }

        @Test("killed inside a transaction, then another publication: stops, or delivers it anew, as asked")
        func otherPublication() async throws {
            try await Bench.run("other_publication") { bench in
                try bench.run(Load.table, "create table more (id int primary key, version int)")
                try bench.run("create publication narrow for table items")
                try bench.createSlot()
                try bench.run(
                    """
                    do $$ begin
                        for part in 0..39 loop
                            insert into items select part * 1000 + id, 1 from generate_series(1, 1000) id;
                            insert into more values (part, 1);
                        end loop;
                    end $$
                    """
                )
                let process = try bench.stream(bench.file, "--rate", "10000")
                try bench.wait("output") { bench.folder.size("out.ndjson") > 4_000_000 }
                // A position has to be in the state file.
                try process.waitForProgress("a checkpoint") { ($0["changes"] as? Int ?? 0) > 5000 }
                try process.killHard()
                try bench.waitForNoReader()
                let narrow = ["--publication", "narrow"]
                try bench.expectRefusal(
                    bench.arguments(bench.file, narrow),
                    "stands inside a transaction",
                    "publication_names=narrow",
                    "--resume-from-transaction-start"
                )
                try bench.streamUntilNow(bench.file, "--publication", "narrow", "--resume-from-transaction-start")
                try bench.loadFile()
                try bench.expectAscending()
                try #expect(bench.sql.query(Self.idRange) == [["40000", "1", "40000"]])
                try #expect(
                    bench.value("select count(*) from oracle.delivered where line->'metadata'->>'table_name' = 'more'")
                        == "0"
                )
            }
        }

        static let idRange = """
            select count(distinct id), min(id), max(id)
            from oracle.delivered, lateral (select (line->'record'->>'id')::int id) r
            """

        private func prepare(_ bench: Bench) throws {
            try bench.run(Load.table)
            try bench.createSlot()
            try insert(bench, 1...1000)
            try bench.streamUntilNow(bench.file)
            #expect(bench.folder.size("out.ndjson") > 0)
        }

        private func insert(_ bench: Bench, _ ids: ClosedRange<Int>) throws {
            // The server's log is then flushed beyond the rows when this returns, so that a slot can be moved past them.
            try bench.run("set synchronous_commit = on")
            try bench.run(
                "insert into items select id, 1 from generate_series(\(ids.lowerBound), \(ids.upperBound)) id"
            )
        }

        private func expectAll(_ bench: Bench) throws {
            try bench.loadFile()
            try bench.loadTruth()
            try bench.expectAllDelivered()
        }
    }
}
