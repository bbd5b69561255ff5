import Sluice
import SluicePipelines
import SluiceSinks
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceRedis

/// Pipelines from streams of a server.
@Suite(.timeLimit(.minutes(5))) struct LiveSourceTests {
    private struct Refused: Error {}

    @Test(arguments: [false, true]) func eachEntryIsHandledOnceAndAcknowledged(isBatched: Bool) async throws {
        let trial = try await SourceTrial("once-\(isBatched)")
        let values = (0..<250).map { "{\"ä\":\"\($0)\\u0000\r\n\"}" }
        try await trial.add(values)
        let deliveries = try await trial.run(
            batchers: isBatched ? [Batcher(size: .count(10), timeout: .milliseconds(200))] : [],
            until: { $0.finished == 250 }
        )
        #expect(deliveries.values.sorted() == values.sorted())
        let message = try #require(deliveries.messages.first)
        #expect(message.metadata["delivery-count"] == "1" && message.metadata["stream"] == trial.stream)
        #expect(message.metadata["id"] == message.body.id.description)
        #expect(try await trial.pendingCount == 0)
        #expect(try await trial.server.run("XLEN", trial.stream).integer == 250)
    }

    @Test func itTakesWhatItIsAskedForInOrder() async throws {
        let trial = try await SourceTrial("demand")
        try await trial.add((0..<20).map { "\($0)" })
        var source = try trial.source { $0.count = 5 }
        #expect(try await source.handleDemand(3)?.map(\.value) == ["0", "1", "2"])
        #expect(try await trial.pendingCount == 3)
        #expect(try await source.handleDemand(100)?.map(\.value) == ["3", "4", "5", "6", "7"])
        let deliveries = try await trial.run(
            processors: Processors(concurrency: 1, maxDemand: 3),
            until: { $0.finished == 12 }
        )
        #expect(deliveries.values == (8..<20).map { "\($0)" })
    }

    @Test func fieldsAreBytesInOrder() async throws {
        let trial = try await SourceTrial("fields")
        try await trial.server.run("XADD", trial.stream, "7-1", "b", "1", "a", "", "b", "2")
        var source = try trial.source()
        let entry = try #require(try await source.handleDemand(1)?.first?.body)
        #expect(entry.id == "7-1" && entry.count == 3)
        #expect(entry.fields.map { String(decoding: $0.name, as: UTF8.self) } == ["b", "a", "b"])
        #expect(entry.text("b") == "1" && entry["a"]?.isEmpty == true && entry["c"] == nil)
        #expect(entry == RedisStreamEntry(id: "7-1", fields: ["b": "1", "a": "", "b": "2"]))
    }

    @Test func whatIsAcknowledgedMayBeDeleted() async throws {
        let trial = try await SourceTrial("deleting")
        try await trial.add(["a", "b"])
        _ = try await trial.run({ $0.deletesAcknowledged = true }, until: { $0.finished == 2 })
        #expect(try await trial.server.run("XLEN", trial.stream).integer == 0)
    }

    @Test func whatFailsIsHandledAgain() async throws {
        let trial = try await SourceTrial("retries")
        try await trial.add(["bad", "good"])
        let deliveries = try await trial.run(
            {
                $0.retries = 2
                $0.retryDelay = .milliseconds(50)
            },
            until: { $0.finished == 4 }
        ) { message, times in
            if message.value == "bad", times < 3 { throw Refused() }
        }
        let counts = deliveries.messages.filter { $0.value == "bad" }.map { $0.metadata["delivery-count"] }
        #expect(counts == ["1", "2", "3"])
        #expect(try await trial.pendingCount == 0)
    }

    @Test func whatFailsMayStayPendingAndIsClaimed() async throws {
        let trial = try await SourceTrial("leaving")
        try await trial.add(["bad", "good"])
        let deliveries = try await trial.run(
            {
                $0.minIdleTime = .seconds(1)
                $0.claimInterval = .milliseconds(100)
            },
            until: { $0.finished == 3 }
        ) { message, times in
            if message.value == "bad", times == 1 { throw Refused() }
        }
        #expect(deliveries.values.sorted() == ["bad", "bad", "good"])
        #expect(deliveries.messages.last?.metadata["delivery-count"] == "2")
        #expect(try await trial.pendingCount == 0)
    }

    @Test func whatFailsMayBeAcknowledged() async throws {
        let trial = try await SourceTrial("giving-up")
        try await trial.add(["bad"])
        _ = try await trial.run({ $0.onFailure = .acknowledge }, until: { $0.finished == 1 }) { _, _ in
            throw Refused()
        }
        #expect(try await trial.pendingCount == 0)
    }

    @Test func whatFailsMayBeMoved() async throws {
        let trial = try await SourceTrial("moving")
        try await trial.add(["bad", "good", "worse"])
        _ = try await trial.run(
            {
                $0.onFailure = .move(toStream: "moving-failed")
                $0.retries = 1
                $0.retryDelay = .milliseconds(1)
            },
            until: { $0.finished == 5 }
        ) { message, _ in
            if message.value != "good" { throw Refused() }
        }
        #expect(try await trial.pendingCount == 0)
        #expect(try await trial.server.values(of: "moving-failed").sorted() == ["bad", "worse"])
        let fields = try await trial.server.run("XRANGE", "moving-failed", "-", "+")[0]?[1]?.list.compactMap(\.text)
        #expect(fields?.count == 8 && fields?[2] == "sluice.failure" && fields?[3].contains("Refused") == true)
        #expect(fields?[4] == "sluice.id" && fields?[6...] == ["sluice.stream", trial.stream])
    }

    /// In a transaction the acknowledgement would be made all the same.
    @Test func whatCannotBeMovedStaysPending() async throws {
        let trial = try await SourceTrial("unmoved")
        try await trial.add(["bad"])
        try await trial.server.run("SET", "unmoved-failed", "a string")
        let reports = Mutex<[String]>([])
        _ = try await trial.run(
            { $0.onFailure = .move(toStream: "unmoved-failed") },
            reportsPipeline: { report in reports.withLock { $0.append("\(report)") } },
            until: { $0.finished == 1 }
        ) { _, _ in
            throw Refused()
        }
        #expect(
            reports.withLock { $0 }.contains { $0.contains("acknowledgementFailed") && $0.contains("not a stream") }
        )
        #expect(try await trial.pendingCount == 1)
    }

    /// Nothing but new entries ends a read earlier.
    @Sendable private static func waitsForAnHour(_ options: inout RedisStreamSource.Options) {
        options.block = .seconds(3600)
        options.minIdleTime = nil
    }

    /// The read alone would take an hour.
    @Test func aDrainEndsARead() async throws {
        let trial = try await SourceTrial("idle", on: .start())
        let proxy = try FaultProxy(to: trial.server.port)
        let pipeline = trial.pipeline(Deliveries(), Self.waitsForAnHour, behind: proxy)
        try await pipeline.run { running in
            while try await !trial.isBlocked { await Task.yield() }
            running.drain()
        }
        // Nothing of the source is left that would hold a connection.
        while proxy.connectionCount > 0 { await Task.yield() }
    }

    @Test func aDrainEndsAReadFromAServerThatIsSilent() async throws {
        let server = try await RedisServer.start()
        let trial = try await SourceTrial("silent", on: server)
        try await trial.pipeline(Deliveries(), Self.waitsForAnHour, report: { _ in }).run { running in
            while try await !trial.isBlocked { await Task.yield() }
            server.pause(true)
            running.drain()
        }
        server.pause(false)
    }

    @Test func whatIsHandedOutInTheMomentOfADrainIsNotLost() async throws {
        let trial = try await SourceTrial("moment", on: .start())
        var handled: [String] = []
        for round in 0..<40 {
            let deliveries = Deliveries()
            // Each pipeline has the name of the one before, and begins with what that one may have left.
            let pipeline = trial.pipeline(
                deliveries,
                {
                    $0.consumer = "one"
                    Self.waitsForAnHour(&$0)
                }
            )
            try await pipeline.run { running in
                while try await !trial.isBlocked { await Task.yield() }
                async let added: Void = trial.add(["\(round)"])
                for _ in 0..<Int.random(in: 0..<60) { await Task.yield() }
                running.drain()
                try await added
            }
            handled += deliveries.values
            #expect(try await trial.pendingCount == 0)
        }
        let rest = try await trial.run(until: { [handled] in handled.count + $0.finished == 40 })
        #expect((handled + rest.values).map { Int($0) } == Array(0..<40))
    }

    @Test func aSlowHandlerKeepsItsEntries() async throws {
        let trial = try await SourceTrial("slow")
        try await trial.add(["slow"])
        let clock = ContinuousClock()
        let options: @Sendable (inout RedisStreamSource.Options) -> Void = {
            $0.minIdleTime = .seconds(4)
            $0.claimInterval = .milliseconds(100)
        }
        let (slow, others) = (Deliveries(), Deliveries())
        let pipeline = trial.pipeline(
            slow,
            {
                options(&$0)
                // A search of its own would let the idle time begin anew as well.
                $0.claimInterval = .seconds(3600)
            },
            handle: { _, _ in
                // The idle time is the server's.
                try await clock.sleep(for: .seconds(10))
            }
        )
        try await pipeline.run { running in
            await slow.wait { $0.messages.count == 1 }
            try await trial.pipeline(others, options).run { other in
                await slow.wait { $0.finished == 1 }
                other.drain()
            }
            running.drain()
        }
        #expect(slow.values == ["slow"] && others.values.isEmpty)
        #expect(try await trial.pendingCount == 0)
    }

    @Test func whatADeadConsumerHadIsClaimed() async throws {
        let trial = try await SourceTrial("dead")
        try await trial.add((0..<250).map { "\($0)" })
        try await trial.give(200, to: "dead")
        let deliveries = try await trial.run(
            {
                $0.minIdleTime = .seconds(1)
                $0.claimInterval = .milliseconds(100)
            },
            until: { $0.finished == 250 }
        )
        #expect(Set(deliveries.values) == Set((0..<250).map { "\($0)" }))
        let counts = deliveries.messages.map { $0.metadata["delivery-count"] }
        #expect(counts.count { $0 == "1" } == 50 && counts.count { $0 == "2" } == 200)
        #expect(try await trial.pendingCount == 0)
    }

    @Test func aConsumerWithTheSameNameBeginsWithWhatItHad() async throws {
        let trial = try await SourceTrial("own")
        try await trial.add((0..<30).map { "\($0)" })
        try await trial.give(20, to: "one")
        let deliveries = try await trial.run(
            { $0.consumer = "one" },
            processors: Processors(concurrency: 1),
            until: { $0.finished == 30 }
        )
        #expect(deliveries.values == (0..<30).map { "\($0)" })
        #expect(deliveries.messages.map { $0.metadata["delivery-count"] == "2" } == (0..<30).map { $0 < 20 })
    }

    @Test(arguments: ["own", "claimed"]) func whatIsDeletedWhileItIsPendingIsAcknowledgedAway(_ way: String)
        async throws
    {
        let trial = try await SourceTrial("deleted-\(way)")
        try await trial.add(["a", "b", "c"])
        try await trial.give(3, to: "one")
        let id = try #require(try await trial.server.run("XRANGE", trial.stream, "-", "+")[1]?[0]?.text)
        try await trial.server.run("XDEL", trial.stream, id)
        let reports = Mutex<[[RedisStreamEntry.ID]]>([])
        let deliveries = try await trial.run(
            {
                if way == "own" { $0.consumer = "one" }
                $0.minIdleTime = way == "own" ? nil : .seconds(1)
                $0.claimInterval = .milliseconds(100)
            },
            processors: Processors(concurrency: 1),
            report: { report in
                if case .entriesDeleted(let ids) = report { reports.withLock { $0.append(ids) } }
            },
            until: { $0.finished == 2 }
        )
        #expect(deliveries.values == ["a", "c"])
        #expect(reports.withLock { $0.map { $0.map(\.description) } } == [[id]])
        #expect(try await trial.pendingCount == 0)
    }

    @Test func consumersThatHaveNothingAreDeleted() async throws {
        let trial = try await SourceTrial("consumers")
        try await trial.add(["a"])
        try await trial.give(1, to: "busy")
        try await trial.server.run("XGROUP", "CREATECONSUMER", trial.stream, "readers", "idle")
        let place = StreamPlace(
            address: try RedisAddress(trial.server.url) { _ in nil },
            stream: trial.stream,
            group: "readers",
            consumer: "self"
        )
        try await trial.server.run("XGROUP", "CREATECONSUMER", trial.stream, "readers", "self")
        let names = Mutex<[[String]]>([])
        let link = RedisLink(place.address, timeout: .seconds(5))
        while names.withLock({ $0.joined().isEmpty }) {
            try await link.run { connection in
                try connection.exchange(.deletingConsumers(idle: .milliseconds(1), from: place)) { _, reply in
                    names.withLock { $0.append(reply.parts.map(\.text)) }
                }
            }
        }
        #expect(names.withLock { $0.last } == ["idle"])
        let left = try await trial.server.run("XINFO", "CONSUMERS", trial.stream, "readers").list.map { $0[1]?.text }
        #expect(left == ["busy", "self"])
    }
}
