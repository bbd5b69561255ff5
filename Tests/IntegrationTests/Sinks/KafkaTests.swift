import Glibc
import KafkaTesting
import SluicePostgres
import SluiceTesting
import Testing

extension IntegrationTests {
    @Suite("to Kafka")
    struct KafkaTests {
        private static let options = "?compression.type=zstd"

        @Test("A1, H75: kill -9 under load, and brokers that fail: all there, in order per key")
        func kills() async throws {
            try await Bench.run("kafka_kill") { bench in
                let cluster = try ClusterProcess()
                try cluster.tellBlocking("topic items 8")
                try bench.run(Load.table)
                try bench.createSlot()
                let sink = "kafka://\(cluster.brokers)/items\(Self.options)"
                var random = SeededGenerator(seed: 3)
                let load = try Load(bench)
                for round in 0..<5 {
                    let process = try bench.stream(sink)
                    try bench.waitForReader()
                    // NOT_LEADER_FOR_PARTITION and REQUEST_TIMED_OUT: both pass.
                    try cluster.tellBlocking("fail 6 0 7 0 0 6")
                    if round == 2 { try cluster.tellBlocking("delay 50") }
                    try bench.run("select pg_sleep(\(Double.random(in: 0.2...1.5, using: &random)))")
                    try process.killHard()
                    try bench.waitForNoReader()
                }
                try cluster.tellBlocking("delay 0")
                try load.stop()
                try bench.streamUntilNow(sink)
                try bench.loadTruth()
                try bench.loadAtLeastOnce(try bench.messages(of: "items", in: cluster))
                try bench.expectAllDelivered()
            }
        }

        @Test("C31: rows whose keys change are in a compacted topic under their last key only")
        func keyChanges() async throws {
            try await Bench.run("kafka_keys") { bench in
                let cluster = try ClusterProcess()
                try cluster.tellBlocking("topic public.items 4")
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run(
                    "insert into items select id, 0 from generate_series(1, 500) id",
                    """
                    do $$ begin
                        for round in 1..20 loop
                            update items set id = id + 1000, version = version + 1 where id % 7 = round % 7;
                            commit;
                            update items set version = version + 1 where id % 3 = round % 3;
                            delete from items where id % 31 = round;
                            commit;
                        end loop;
                    end $$
                    """
                )
                try bench.streamUntilNow("kafka://\(cluster.brokers)/{schema}.{table}\(Self.options)")
                // Compaction keeps the last record of each key, and forgets those without a value.
                var last: [String: String] = [:]
                for record in try Kcat.readBlocking("public.items", of: cluster.brokers) {
                    last[record.key ?? ""] = record.payload
                }
                let rows = try bench.sql.query("select id::text, version::text from items")
                let expected = rows.map { "\($0[0] ?? "") \($0[1] ?? "")" }.sorted()
                let kept = last.map { key, body in "\(key) \(Self.version(body))" }.sorted()
                #expect(kept == expected)
                #expect(!expected.isEmpty)
            }
        }

        @Test("H75: what is too large goes to the dead letters, and its key goes on; without them the stream ends")
        func tooLarge() async throws {
            try await Bench.run("kafka_large") { bench in
                let cluster = try ClusterProcess()
                try cluster.tellBlocking("topic items 2")
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run(
                    "insert into items select id, 1 from generate_series(1, 50) id",
                    "update items set pad = repeat('y', 5000) where id = 7",
                    "update items set version = 2, pad = 'small' where id = 7"
                )
                let sink = "kafka://\(cluster.brokers)/items?message.max.bytes=3000"
                let refused = try SluiceProcess(bench.arguments(sink, ["--until", "now"]))
                #expect(try refused.waitForExit() == .status(1))
                #expect(refused.error.text.contains("--dead-letter"), "\(refused.error.text)")
                let letters = bench.folder.path("dead.ndjson")
                let process = try bench.streamUntilNow(sink, "--dead-letter", "file:\(letters)")
                #expect(process.error.text.contains("1 messages are not in the sink"), "\(process.error.text)")
                #expect(process.error.text.contains("3000"), "\(process.error.text)")
                try bench.loadDelivered(letters)
                let row = try bench.sql.query(
                    """
                    select line->'message'->'record'->>'id', length(line->'message'->'record'->>'pad'), line->>'attempts'
                    from oracle.delivered
                    """
                )
                #expect(row == [["7", "5000", "0"]])
                let messages = try bench.messages(of: "items", in: cluster)
                try bench.loadAtLeastOnce(messages)
                try #expect(bench.value("select count(*) from oracle.delivered") == "51")
                #expect(messages.last { $0.key == "7" }?.body.contains("small") == true)
            }
        }

        @Test("a cluster that is not there, a topic that does not exist: said so at once, and what to do")
        func refusals() async throws {
            try await Bench.run("kafka_refuse") { bench in
                let cluster = try ClusterProcess()
                try bench.run(Load.table)
                try bench.createSlot()
                for (sink, word) in [
                    ("kafka://127.0.0.1:1/items?message.timeout.ms=2000", "cannot be reached"),
                    ("kafka://\(cluster.brokers)/items?acks=0", "acks"),
                    ("kafka://\(cluster.brokers)", "topic"),
                ] {
                    let process = try SluiceProcess(bench.arguments(sink, ["--until", "now"]))
                    #expect(try process.waitForExit() == .status(1))
                    #expect(process.error.text.contains(word), "\(process.error.text)")
                }
                let process = try SluiceProcess(bench.arguments(bench.file, ["--dead-letter", "file:x"]))
                #expect(try process.waitForExit() == .status(1))
                #expect(process.error.text.contains("leave the option out"), "\(process.error.text)")
            }
        }

        /// The version that a message's record has.
        private static func version(_ body: String) -> String {
            body.firstMatch(of: /"version":(\d+)/).map { String($0.output.1) } ?? "none"
        }
    }
}
