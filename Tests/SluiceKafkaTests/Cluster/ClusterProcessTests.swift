import KafkaTesting
import SinkTesting
import SluiceSinks
import Testing

@testable import SluiceKafka

/// A cluster in another process.
@Suite(.timeLimit(.minutes(5))) struct ClusterProcessTests {
    @Test("H75: in another process, with a broker that stops and partitions that move: everything arrives")
    func delivers() async throws {
        let cluster = try await ClusterProcess.start()
        try await cluster.tell("topic t 3")
        let sink = try await open(
            "kafka://\(cluster.brokers)/t?batch.num.messages=20&topic.metadata.refresh.fast.interval.ms=10"
        )
        // 6: not the leader any more; 19: not enough replicas.
        try await cluster.tell("fail 0 6 19 0 6")
        try await cluster.tell("delay 10")
        async let results = sink.send((0..<1000).map { message(UInt64($0), key: "\($0 % 50)") })
        try await cluster.tell("stop 2")
        for partition in 0..<3 { try await cluster.tell("leader t \(partition) 3") }
        #expect(letters(try await results) == String(repeating: "d", count: 1000))
        let numbers = try await Kcat.read("t", of: cluster.brokers).compactMap(\.number)
        #expect(Set(numbers).count == 1000)
        await sink.close()
    }

    @Test("H75: a cluster that is killed while messages are under way is unavailable, and none counts as failed")
    func killed() async throws {
        let cluster = try await ClusterProcess.start()
        let sink = try await open("kafka://\(cluster.brokers)/t?message.timeout.ms=1000&batch.num.messages=20")
        #expect(letters(try await sink.send([message(0)])) == "d")
        try await cluster.tell("delay 100")
        let task = Task { try await sink.send((0..<1000).map { message(UInt64($0), key: "\($0 % 50)") }) }
        cluster.kill()
        await expectFailure(.unavailable, "did not acknowledge", "1.0 seconds") { try await task.value }
        await sink.close()
    }
}
