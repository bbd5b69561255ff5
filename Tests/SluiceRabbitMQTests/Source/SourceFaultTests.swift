import ConnectorTesting
import SinkTesting
import SluicePipelines
import SluiceSinks
import SluiceTesting
import Testing

@testable import SluiceRabbitMQ

/// Connections and queues that go away.
@Suite(.timeLimit(.minutes(5))) struct SourceFaultTests {
    @Test func anAcknowledgementForALostConnectionIsDroppedAndSaid() async throws {
        let trial = try await Trial("cut")
        let proxy = try FaultProxy(to: trial.server.port)
        try await trial.publish("a", "b")
        var source = try trial.source(behind: proxy)
        let first = try await source.take(2)
        proxy.cut()
        let again = try await source.take(2)
        #expect(again.map(\.text) == ["a", "b"])
        #expect(again.map { $0.metadata["redelivered"] } == ["true", "true"])
        #expect(trial.reports.all.count == 1)
        // With the same delivery tags, on another channel.
        await expectFailure(.unavailable, "\"cut\"", "1 messages", "again") { try await first[0].acknowledge() }
        #expect(try await trial.server.count("cut") == 2)
        for message in again { try await message.acknowledge() }
        #expect(try await trial.server.count("cut") == 0)
    }

    @Test func aSilentConnectionIsGivenUp() async throws {
        let trial = try await Trial("silent")
        let proxy = try FaultProxy(to: trial.server.port)
        var source = try trial.source(behind: proxy) { $0.heartbeat = .seconds(1) }
        try await trial.publish("a")
        try await source.take(1)[0].acknowledge()
        try await wait { try await trial.server.count("silent") == 0 }
        proxy.change { $0.isHalfOpen = true }
        let same = source
        async let next = take(1, from: same)
        try await wait { !trial.reports.all.isEmpty }
        #expect(trial.reports.all[0].contains("heartbeat"))
        proxy.change { $0.isHalfOpen = false }
        try await trial.publish("b")
        #expect(try await next.map(\.text) == ["b"])
    }

    @Test func anIdleConnectionIsKept() async throws {
        let trial = try await Trial("idle")
        let proxy = try FaultProxy(to: trial.server.port)
        var source = try trial.source(behind: proxy) { $0.heartbeat = .seconds(1) }
        try await trial.publish("a")
        let message = try await source.take(1)[0]
        // Nobody asks for anything, for as long as the broker would wait twice over.
        let clock = ContinuousClock()
        try await clock.sleep(for: .seconds(4))
        try await message.acknowledge()
        #expect(try await trial.server.count("idle") == 0)
        #expect(proxy.acceptedCount == 1)
    }

    @Test func aQueueThatIsDeletedIsMadeAgain() async throws {
        let trial = try await Trial("deleted")
        try await trial.publish("a")
        var source = try trial.source { $0.declare = .init() }
        let first = try await source.take(1)[0]
        try await trial.client.delete("deleted")
        let same = source
        async let afterwards = take(1, from: same)
        try await wait { !trial.reports.all.isEmpty }
        try await wait { (try? await trial.client.ready("deleted")) != nil }
        try await trial.publish("b")
        #expect(try await afterwards.map(\.text) == ["b"])
        await expectFailure(.unavailable, "again") { try await first.acknowledge() }
    }

    @Test func withoutItsQueueTheSourceThrows() async throws {
        let trial = try await Trial("vanishing")
        try await trial.publish("a")
        var source = try trial.source()
        try await source.take(1)[0].acknowledge()
        try await trial.client.delete("vanishing")
        await expectFailure(.missing, "no queue 'vanishing'") { try await source.take(1) }
        #expect(trial.reports.all.count == 1)
        #expect(trial.reports.all.first?.contains("ended the consumer") ?? false)
    }

    @Test func aBrokerThatIsNotThereIsWaitedFor() async throws {
        let trial = try await Trial("absent")
        let proxy = try FaultProxy(to: trial.server.port)
        proxy.change { $0.refusesConnections = true }
        try await trial.publish("a")
        let source = try trial.source(behind: proxy)
        async let next = take(1, from: source)
        try await wait { trial.reports.all.count >= 2 }
        proxy.change { $0.refusesConnections = false }
        #expect(try await next.map(\.text) == ["a"])
        #expect(trial.reports.all[0].contains("cannot be reached"))
    }
}
