import ConnectorTesting
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("to SQS")
    struct SQSTests {
        @Test("A1, H76: killed on the way to a FIFO queue: every change once, in order per key")
        func killed() async throws {
            let queue = try await Queue("stream.fifo", on: .shared(), attributes: "FifoQueue=true")
            try await Bench.run("sqs_kill") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run(
                    """
                    do $$ begin
                        for i in 1..60 loop
                            insert into items values (i, 1);
                            update items set version = version + 1 where id = 1 + i % 4;
                            if i % 5 = 0 then delete from items where id = i - 2; end if;
                            commit;
                        end loop;
                    end $$
                    """
                )
                let sink = "sqs:\(queue.url)?concurrency=4"
                for round in 1...2 {
                    let process = try bench.stream(sink, "--rate", "40", environment: queue.environment)
                    try process.waitForProgress("some delivered") { $0["changes"] as? Int ?? 0 > 10 * round }
                    try process.killHard()
                    try bench.waitForNoReader()
                }
                try bench.streamUntilNow(sink, environment: queue.environment)
                try bench.loadTruth()
                let received = try queue.receiveBlocking()
                #expect(Set(received.map(\.deduplication)).count == received.count, "the queue drops repetitions")
                try bench.loadAtLeastOnce(received.map { BrokerMessage(key: $0.group ?? "", body: $0.body) })
                try bench.expectAllDelivered()
            }
        }

        @Test("H76: a message above the queue's limit goes to the dead letters; a key that is wrong ends the stream")
        func refused() async throws {
            let (server, key) = try await LocalAWS.verifying()
            let queue = try await Queue(
                "limited.fifo",
                on: server,
                as: key,
                attributes: "FifoQueue=true,MaximumMessageSize=2048"
            )
            try await Bench.run("sqs_refused") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run(
                    "insert into items values (1, 1), (2, 1)",
                    "update items set version = 2, pad = repeat('y', 5000) where id = 1",
                    "update items set version = 3, pad = 'small' where id = 1"
                )
                let sink = "sqs:\(queue.url)"
                var wrong = queue.environment
                wrong["AWS_SECRET_ACCESS_KEY"] = "wrong-secret"
                let process = try bench.stream(sink, "--until", "now", environment: wrong)
                #expect(try process.waitForExit() == .status(1))
                #expect(process.error.text.contains("SignatureDoesNotMatch"), "\(process.error.text)")
                #expect(!process.error.text.contains("wrong-secret"))
                let letters = bench.folder.path("dead.ndjson")
                try bench.streamUntilNow(sink, "--dead-letter", "file:\(letters)", environment: queue.environment)
                try bench.loadDelivered(letters)
                let row = try bench.sql.query(
                    "select line->'message'->'record'->>'version', line->>'reason' like '%2048%' from oracle.delivered"
                )
                #expect(row == [["2", "t"]])
                let bodies = try queue.receiveBlocking().filter { $0.group == "public.items:1" }.map(\.body)
                #expect(bodies.count == 2 && bodies[1].contains("small"), "\(bodies)")
            }
        }
    }
}
