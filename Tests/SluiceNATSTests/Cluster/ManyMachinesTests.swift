import Foundation
import NATSTesting
import Testing

/// One pipeline as three processes, on a cluster of three servers.
@Suite(.timeLimit(.minutes(10))) struct ManyMachinesTests {
    private static let partitions = 32
    private static let keys = 500
    /// `make soak` has five times as many.
    private static let total = ProcessInfo.processInfo.environment["SLUICE_SOAK"] == nil ? 20_000 : 100_000

    @Test func aKeysMessagesAreHandledInOrderThoughAWorkerAndAServerAreKilled() async throws {
        let cluster = try NATSCluster()
        let client = try await NATSClient.connect(cluster.url)
        try await client.createStream("ORDERS", subjects: ["orders.*"], replicas: 3)
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-workers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "handled").path
        let workers = try ["a", "b", "c"].map { name in
            try WorkerProcess(
                [cluster.url, "ORDERS", "\(Self.partitions)", path, name],
                log: folder.appending(path: name).path
            )
        }
        // A key's messages are all in one partition.
        try await client.publish(
            (0..<Self.total).map { number in
                let key = number % Self.keys
                return ("orders.\(key % Self.partitions)", "\(key) \(number / Self.keys)")
            }
        )
        var log = HandledLog(path: path)
        let clock = ContinuousClock()
        func wait(until isEnough: (HandledLog) -> Bool) async throws {
            while !isEnough(log) {
                // Nobody tells of a line in a file, and the workers need the cores.
                try await clock.sleep(for: .milliseconds(10))
                try log.read()
            }
        }
        func wait(for count: Int) async throws { try await wait { $0.distinct >= count } }
        // All three are at work.
        try await wait { $0.lines.count == 3 }
        try await wait(for: Self.total * 3 / 10)
        workers[0].kill()
        try log.read()
        let atKill = log.lines
        try await wait(for: Self.total * 6 / 10)
        cluster.servers[2].kill()
        try await wait(for: Self.total)
        for worker in workers.dropFirst() { #expect(worker.finish() == 0) }
        try log.read()

        // Everything, and each key's in the order in which it was published.
        #expect(log.distinct == Self.total)
        #expect(log.firsts.count == Self.keys)
        let inOrder = Array(0..<(Self.total / Self.keys))
        let wrong = log.firsts.filter { $0.value != inOrder }
        #expect(wrong.isEmpty, "\(wrong.keys.prefix(5)) of \(wrong.count) keys were handled out of order")
        // The survivors have taken over.
        for name in ["b", "c"] { #expect(log.lines[name[...], default: 0] > atKill[name[...], default: 0]) }
        #expect(log.lines["a"] == atKill["a"])
        // Redeliveries are what the kills had under way, and not the rule.
        #expect(log.count - Self.total < Self.total / 100)
        print("handled \(log.lines), \(log.count - Self.total) of them again")
    }
}
