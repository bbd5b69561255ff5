import ConnectorTesting
import Foundation
import KafkaTesting
import SluicePostgres
import Synchronization
import Testing

extension IntegrationTests {
    /// With the least `--memory` and rows of which it holds few or none.
    @Suite("Little memory")
    struct MemoryTests {
        private static let megabyte = 1 << 20

        @Test(
            "rows of which the budget holds a few: to files and databases",
            arguments: ["file:out.ndjson", "sqlite:out.db"]
        )
        func few(sink: String) async throws {
            try await Bench.run("memory_\(sink.prefix(4))") { bench in
                let parts = sink.split(separator: ":")
                try Self.expectFew(bench, "\(parts[0]):\(bench.folder.path(String(parts[1])))") {
                    if parts[0] == "file" { try bench.loadFile() } else { try bench.loadSQLite() }
                }
            }
        }

        @Test("rows of which the budget holds a few: to Kafka, many of them of one key")
        func fewToKafka() async throws {
            try await Bench.run("memory_kafka") { bench in
                let cluster = try ClusterProcess()
                try cluster.tellBlocking("topic items 4")
                try Self.expectFew(bench, "kafka://\(cluster.brokers)/items?compression.type=zstd&linger.ms=1000") {
                    try bench.loadAtLeastOnce(try bench.messages(of: "items", in: cluster))
                }
            }
        }

        @Test("rows of which the budget holds a few: to SQS, many of them of one group")
        func fewToSQS() async throws {
            let queue = try await Queue("memory.fifo", on: .shared(), attributes: "FifoQueue=true")
            try await Bench.run("memory_sqs") { bench in
                try Self.expectFew(bench, "sqs:\(queue.url)", environment: queue.environment) {
                    let received = try queue.receiveBlocking()
                    try bench.loadAtLeastOnce(received.map { BrokerMessage(key: $0.group ?? "", body: $0.body) })
                }
            }
        }

        @Test("rows of which the budget holds a few: to an HTTP endpoint, in batches that never fill")
        func fewToEndpoint() async throws {
            let taken = Mutex<[BrokerMessage]>([])
            let server = try await HTTPTestServer.start { request in
                let body = try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any]
                let messages = try (body?["data"] as? [[String: Any]] ?? []).map { message in
                    let text = try JSONSerialization.data(withJSONObject: message, options: .sortedKeys)
                    let record = message["record"] as? [String: Any]
                    return BrokerMessage(key: "\(record?["id"] ?? "")", body: String(decoding: text, as: UTF8.self))
                }
                taken.withLock { $0 += messages }
                return .init(200)
            }
            try await Bench.run("memory_http") { bench in
                let sink = "http://127.0.0.1:\(server.port)/hook#batch_size=1000&max_bytes=100000000"
                try Self.expectFew(bench, sink) { try bench.loadAtLeastOnce(taken.withLock(\.self)) }
            }
            try await server.stop()
        }

        /// Streams with the least budget, and expects that it is kept and that everything arrives.
        private static func expectFew(
            _ bench: Bench,
            _ sink: String,
            environment: [String: String] = [:],
            load: () throws -> Void
        ) throws {
            try bench.run(Load.table)
            try bench.createSlot()
            try bench.run(
                "insert into items select id, 1, repeat(md5(id::text), 1500) from generate_series(1, 40) id",
                // Six bytes of JSON for each.
                "insert into items select id, 1, repeat(chr(1), 20000) from generate_series(41, 50) id",
                """
                do $$ begin
                    for round in 2..30 loop
                        update items set version = round, pad = repeat(md5(round::text), 1500) where id = 1;
                    end loop;
                end $$
                """,
                "delete from items where id % 3 = 0"
            )
            let process = try bench.stream(sink, "--memory", "1MB", "--rate", "100", environment: environment)
            try process.waitForProgress("all") { $0["changes"] as? Int == 50 + 29 + 16 }
            process.send(SIGTERM)
            #expect(try process.waitForExit() == .status(0))
            let held = try process.progress().compactMap { $0["bytesInFlight"] as? Int }
            #expect(held.max() ?? 0 <= megabyte && held.last == 0, "\(held)")
            try load()
            try bench.loadTruth()
            try bench.expectAllDelivered()
        }

        @Test(
            "B19: rows of 20 MB with a budget of 1 MB, to files and databases",
            arguments: ["file:out.ndjson", "sqlite:out.db"]
        )
        func huge(sink: String) async throws {
            try await Bench.run("huge_\(sink.prefix(4))") { bench in
                try Self.writeHuge(bench)
                let parts = sink.split(separator: ":")
                let process = try bench.streamUntilNow(
                    "\(parts[0]):\(bench.folder.path(String(parts[1])))",
                    "--memory",
                    "1MB"
                )
                if parts[0] == "file" { try bench.loadFile() } else { try bench.loadSQLite() }
                try bench.loadTruth()
                try bench.expectAllDelivered()
                try #expect(
                    bench.value("select max(length(line->'record'->>'pad')) from oracle.delivered")
                        == "\(20 * Self.megabyte)"
                )
                // What the process has without any, and the row: in libpq's buffer, in a batch, as JSON, on its way out,
                // and one that malloc has not given back; SQLite has another copy of its own.
                let peak = try process.progress().compactMap { $0["rssBytes"] as? Int }.max() ?? 0
                let most = (64 + 20 * (parts[0] == "file" ? 5 : 6)) * Self.megabyte
                #expect(peak > 0 && peak < most, "\(peak) of \(most)")
            }
        }

        @Test("B19, H75: a row of 20 MB is put aside for a broker that takes less, and its key goes on")
        func hugeToKafka() async throws {
            try await Bench.run("huge_kafka") { bench in
                let cluster = try ClusterProcess()
                try cluster.tellBlocking("topic items 2")
                try Self.writeHuge(bench)
                let letters = bench.folder.path("dead.ndjson")
                let process = try bench.streamUntilNow(
                    "kafka://\(cluster.brokers)/items",
                    "--memory",
                    "1MB",
                    "--dead-letter",
                    "file:\(letters)"
                )
                #expect(
                    process.error.text.contains("2 messages are not in the sink"),
                    "\(process.error.text.suffix(900))"
                )
                try bench.loadDelivered(letters)
                let rows = try bench.sql.query(
                    """
                    select line->'message'->'record'->>'id', length(line->'message'->'record'->>'pad'), line->>'reason'
                    from oracle.delivered order by 1
                    """
                )
                #expect(
                    rows.map { $0[0] } == ["3", "6"]
                        && rows.map { $0[1] } == ["\(20 * Self.megabyte)", "\(20 * Self.megabyte)"]
                )
                #expect(rows.allSatisfy { $0[2]?.contains("takes at most 1000000") == true }, "\(rows)")
                let messages = try bench.messages(of: "items", in: cluster)
                #expect(messages.filter { $0.key == "3" }.count == 1)
            }
        }

        /// Rows of 20 MB among small ones, and an update of one of them.
        private static func writeHuge(_ bench: Bench) throws {
            try bench.run(Load.table)
            try bench.createSlot()
            try bench.run(
                """
                insert into items
                select id, 1, case when id % 3 = 0 then repeat('y', \(20 * megabyte)) else 'x' end from generate_series(1, 7) id
                """,
                "update items set version = 2, pad = 'small' where id = 3"
            )
        }
    }
}
