import KafkaTesting
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("to Kafka in transactions")
    struct KafkaTransactionTests {
        /// Killed when a batch is committed and before the state file knows: the cluster in memory shows also what a crash
        /// in a transaction leaves, so a crash is between two.
        @Test("A1, A5, H75: kill -9 between transactions: every change once, whether the state folder is there or not")
        func kills() async throws {
            try await Bench.run("kafka_transactions") { bench in
                let cluster = try ClusterProcess()
                try cluster.tellBlocking("topic items 4")
                try cluster.tellBlocking("topic sluice.cursor.\(bench.slot) 1")
                try bench.run(Load.table)
                try bench.createSlot()
                let sink = "kafka://\(cluster.brokers)/items?transactional.id=shop&compression.type=zstd"
                let load = try Load(bench)
                for batch in [3, 1, 5, 2] {
                    let process = try bench.stream(sink, failpoint: "delivered:\(batch):kill")
                    #expect(try process.waitForExit() == .signal(9))
                    try bench.waitForNoReader()
                }
                try load.stop()
                try bench.streamUntilNow(sink)
                try bench.run("insert into items values (5000, 1)")
                try bench.streamUntilNow(sink, "--state", bench.folder.path("other"))
                try bench.loadTruth()
                let messages = try bench.messages(of: "items", in: cluster)
                #expect(Set(messages.compactMap(\.cursor)).count == messages.count, "something came twice")
                try bench.loadAtLeastOnce(messages)
                try bench.expectAllDelivered()
            }
        }

        @Test("H75: without a topic that takes a message the stream ends, says which and what to do")
        func refusals() async throws {
            try await Bench.run("kafka_txn_refused") { bench in
                let cluster = try ClusterProcess()
                try cluster.tellBlocking("topic items 1")
                try cluster.tellBlocking("topic cursors 1")
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run("insert into items values (1, 1)", "insert into items values (2, 1, repeat('y', 5000))")
                let sink =
                    "kafka://\(cluster.brokers)/items?transactional.id=shop&cursor.topic=cursors&message.max.bytes=3000"
                let process = try SluiceProcess(bench.arguments(sink, ["--until", "now"]))
                #expect(try process.waitForExit() == .status(1))
                #expect(
                    process.error.text.contains("is 3000") || process.error.text.contains(", 3000"),
                    "\(process.error.text)"
                )
                #expect(process.error.text.contains("--dead-letter"), "\(process.error.text)")
                let larger = sink.replacing("message.max.bytes=3000", with: "message.max.bytes=10000")
                try bench.streamUntilNow(larger)
                let messages = try bench.messages(of: "items", in: cluster)
                #expect(messages.map(\.key).suffix(1) == ["2"])
            }
        }

        @Test("C30, H75: what is too large is a dead letter before the stream goes past it, over kill -9 in between")
        func deadLetters() async throws {
            try await Bench.run("kafka_txn_dead") { bench in
                let cluster = try ClusterProcess()
                try cluster.tellBlocking("topic items 2")
                try cluster.tellBlocking("topic cursors 1")
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run(
                    "insert into items select id, 1 from generate_series(1, 50) id",
                    "update items set pad = repeat('y', 5000) where id = 7",
                    "update items set version = 2, pad = 'small' where id = 7"
                )
                let sink =
                    "kafka://\(cluster.brokers)/items?transactional.id=shop&cursor.topic=cursors&message.max.bytes=3000"
                let letters = bench.folder.path("dead.ndjson")
                let killed = try bench.stream(sink, "--dead-letter", "file:\(letters)", failpoint: "buried:1:kill")
                #expect(try killed.waitForExit() == .signal(9))
                try bench.waitForNoReader()
                let process = try bench.streamUntilNow(sink, "--dead-letter", "file:\(letters)")
                #expect(process.error.text.contains("1 messages are not in the sink"), "\(process.error.text)")
                #expect(process.error.text.contains("3000"), "\(process.error.text)")
                // Once by each of the two processes.
                try bench.loadDelivered(letters)
                let row = try bench.sql.query(
                    """
                    select line->'message'->'record'->>'id', length(line->'message'->'record'->>'pad'), count(*)
                    from oracle.delivered group by 1, 2
                    """
                )
                #expect(row == [["7", "5000", "2"]])
                let messages = try bench.messages(of: "items", in: cluster)
                try bench.loadAtLeastOnce(messages)
                try #expect(bench.value("select count(*) from oracle.delivered") == "51")
                #expect(messages.last { $0.key == "7" }?.body.contains("small") == true)
            }
        }
    }
}
