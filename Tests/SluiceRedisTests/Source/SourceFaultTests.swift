import SinkTesting
import SluicePipelines
import SluiceSinks
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceRedis

/// Servers that die, connections that break, and what can never work.
@Suite(.timeLimit(.minutes(5))) struct SourceFaultTests {
    @Test func nothingIsLostWhenTheServerIsKilled() async throws {
        let server = try await RedisServer.durable()
        let trial = try await SourceTrial("killed", on: server)
        let values = (0..<3000).map { "\($0)" }
        try await trial.add(values)
        let deliveries = Deliveries()
        let outages = Mutex(0)
        let pipeline = trial.pipeline(
            deliveries,
            { $0.block = .milliseconds(50) },
            processors: Processors(concurrency: 4),
            report: { report in
                if case .readFailed = report { outages.withLock { $0 += 1 } }
            }
        )
        try await pipeline.run { running in
            for number in 1...3 {
                await deliveries.wait { $0.finished >= number * 700 }
                try await server.kill()
                try await server.restart()
            }
            await deliveries.wait { Set($0.values).count == 3000 }
            running.drain()
        }
        #expect(outages.withLock { $0 } > 0)
        #expect(try await trial.pendingCount == 0)
        // Nothing that was in the pipeline, or acknowledged, has come a second time.
        #expect(deliveries.values.count == 3000)
    }

    @Test func whatAConnectionHadTakenAlongIsReadAgain() async throws {
        let trial = try await SourceTrial("cut")
        let proxy = try FaultProxy(to: trial.server.port)
        try await trial.add((0..<2000).map { "\($0)" })
        let deliveries = try await trial.run(
            behind: proxy,
            report: { _ in },
            until: { Set($0.values).count == 2000 }
        ) { message, _ in
            if Int(message.value).map({ $0 % 97 == 3 }) ?? false { proxy.cut() }
        }
        #expect(deliveries.values.count == 2000)
        #expect(try await trial.pendingCount == 0)
    }

    @Test func anAcknowledgementThatFailsForGoodIsSaidAndItsEntryComesAgain() async throws {
        let trial = try await SourceTrial("unacknowledged")
        let proxy = try FaultProxy(to: trial.server.port)
        try await trial.add(["a"])
        let reports = Mutex<[String]>([])
        let deliveries = try await trial.run(
            {
                $0.acknowledgementAttempts = 2
                $0.minIdleTime = .seconds(1)
                $0.claimInterval = .milliseconds(100)
            },
            behind: proxy,
            report: { _ in },
            reportsPipeline: { report in
                if case .acknowledgementFailed = report {
                    reports.withLock { $0.append("\(report)") }
                    proxy.change { $0.refusesConnections = false }
                }
            },
            until: { $0.finished == 2 }
        ) { _, times in
            guard times == 1 else { return }
            proxy.change { $0.refusesConnections = true }
            proxy.cut()
        }
        #expect(deliveries.values == ["a", "a"])
        #expect(reports.withLock { $0.count } == 1)
        #expect(reports.withLock { $0.first }?.contains("1 entries") == true)
        #expect(try await trial.pendingCount == 0)
    }

    @Test func aServerThatIsNotThereIsWaitedFor() async throws {
        let server = try await RedisServer.durable()
        let trial = try await SourceTrial("later", on: server)
        try await trial.add(["a"])
        try await server.kill()
        let reports = Mutex<[String]>([])
        let deliveries = Deliveries()
        try await trial.pipeline(
            deliveries,
            report: { report in reports.withLock { $0.append("\(report)") } }
        ).run { running in
            while reports.withLock({ $0.isEmpty }) { await Task.yield() }
            try await server.restart()
            await deliveries.wait { $0.finished == 1 }
            running.drain()
        }
        #expect(reports.withLock { $0.first }?.contains("127.0.0.1:\(server.port)") == true)
    }

    @Test func whatIsMissingIsSaid() async throws {
        let server = try await RedisServer.shared()
        var options = RedisStreamSource.Options()
        options.createsGroup = false
        var source = try RedisStreamSource(server.url, stream: "nowhere", group: "nobody", options: options)
        await expectFailure(.missing, "nowhere", "nobody", "XGROUP CREATE") { try await source.handleDemand(1) }
        #expect(try await server.run("EXISTS", "nowhere").integer == 0)
        try await server.run("SET", "text", "a string")
        source = try RedisStreamSource(server.url, stream: "text", group: "nobody")
        await expectFailure(.refused, "text", "not a stream") { try await source.handleDemand(1) }
    }

    @Test func aGroupIsCreatedBehindTheLastEntry() async throws {
        let server = try await RedisServer.shared()
        try await server.add(["old"], to: "created")
        var source = try RedisStreamSource(server.url, stream: "created", group: "new") { Issue.record("\($0)") }
        async let messages = source.handleDemand(5)
        while try await server.run("XINFO", "GROUPS", "created").list.isEmpty { await Task.yield() }
        try await server.add(["new"], to: "created")
        #expect(try await messages?.map(\.value) == ["new"])
    }

    @Test func passwordsAreChecked() async throws {
        let server = try await RedisServer.start()
        try await server.run("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
        try await server.add(["a"], to: "s")
        try await server.run("ACL", "SETUSER", "reader", "on", ">p@ss/w:rd", "~s", "+@stream", "+client", "-client|id")
        try await server.run("ACL", "SETUSER", "stranger", "on", ">p@ss/w:rd", "~other", "+@all")
        try await server.run("ACL", "SETUSER", "default", "on", ">hidden-secret")
        func source(_ user: String) throws -> RedisStreamSource {
            try RedisStreamSource("redis://\(user)127.0.0.1:\(server.port)/0", stream: "s", group: "g")
        }
        for user in ["", "reader:wrong-secret@", ":wrong-secret@", "stranger:p%40ss%2Fw%3Ard@"] {
            var source = try source(user)
            await expectFailure(.notAuthorized, "stream s", without: ["secret", "p@ss"]) {
                try await source.handleDemand(1)
            }
        }
        var reader = try source("reader:p%40ss%2Fw%3Ard@")
        #expect(try await reader.handleDemand(1)?.map(\.value) == ["a"])
    }
}
