import KafkaTesting
import Sluice
import SluicePipelines
import SluiceSinks
import Testing

@testable import SluiceKafka

/// Members of a group that come and go, and brokers that fail.
///
/// A rebalance takes five seconds with the cluster in memory: it waits for all members, always.
@Suite(.timeLimit(.minutes(2))) struct RebalanceTests {
    private final class Member: Sendable {
        let handled = Journal<Message<[UInt8]>>()
        let reports = Journal<KafkaSourceReport>()
        let topic: TestTopic
        let strategy: KafkaSource.Options.AssignmentStrategy

        init(_ topic: TestTopic, _ strategy: KafkaSource.Options.AssignmentStrategy) {
            (self.topic, self.strategy) = (topic, strategy)
        }

        func run(until end: @escaping @Sendable () async -> Void) async throws {
            let clock = ContinuousClock()
            let pipeline = Pipeline(
                source: topic.source(reports) { [strategy] in
                    $0.partitionAssignmentStrategy = strategy
                    $0.commitInterval = .seconds(60)
                },
                processors: Processors(concurrency: 4, partitionedBy: { $0.kafkaPartition }),
                handler: Handling { [handled] (message: Message<[UInt8]>) in
                    try await clock.sleep(for: .milliseconds(4))
                    handled.add(message)
                    return message
                }
            )
            try await pipeline.run { running in
                await end()
                running.drain()
            }
        }

        var assignments: Int { reports.entries.count { $0.isAssignment } }
    }

    @Test(arguments: [KafkaSource.Options.AssignmentStrategy.cooperativeSticky, .range])
    func aSecondMemberTakesItsShare(_ strategy: KafkaSource.Options.AssignmentStrategy) async throws {
        let topic = try await TestTopic(partitions: 6)
        let count = 12_000
        try await topic.fill(count)
        let (first, second) = (Member(topic, strategy), Member(topic, strategy))
        let all = Journal<Int>()
        let isDone: @Sendable () async -> Void = { await all.wait { Set($0).count == count } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in [first, second] {
                group.addTask {
                    await member.handled.wait { entries in
                        if let last = entries.last { all.add(last.number) }
                        return all.entries.count > count * 3
                    }
                }
            }
            group.addTask { try await first.run(until: isDone) }
            group.addTask {
                // In the midst of it.
                await first.handled.wait { $0.count > 300 }
                try await second.run(until: isDone)
            }
            await isDone()
            try await group.next()
            try await group.next()
            group.cancelAll()
        }
        #expect(!second.handled.entries.isEmpty)
        // What was in flight when partitions were given back was handled and committed first: nothing came twice.
        #expect(all.entries.count == count)
        for member in [first, second] { expectOrder(member.handled.entries) }
        // No storm: each member has been given partitions once for each change of the group.
        #expect(first.assignments <= 3 && second.assignments <= 2)
        #expect(try await topic.committed() == Array(repeating: Int64(count / 6), count: 6))
    }

    @Test func aHandlerThatTakesTooLongIsNotWaitedFor() async throws {
        let topic = try await TestTopic(partitions: 2)
        try await topic.fill(20)
        let reports = Journal<KafkaSourceReport>()
        let handled = Journal<Message<[UInt8]>>()
        let other = Journal<Message<[UInt8]>>()
        // Both partitions go to the first member, and one of them to the second, which comes later.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await topic.run(
                    topic.source(reports) { $0.revokeTimeout = .milliseconds(500) },
                    handled,
                    until: { _ in other.entries.count >= 10 }
                ) { message in
                    if message.offset == 5 { await other.wait { $0.count >= 5 } }
                }
            }
            group.addTask {
                await handled.wait { $0.count == 10 }
                try await topic.run(topic.source(), other, until: { Set($0.map(\.offset)).isSuperset(of: 5..<10) })
            }
            try await group.waitForAll()
        }
        let givenUp = reports.entries.compactMap { report -> Int? in
            if case .revoked(_, let count) = report { count } else { nil }
        }
        #expect(givenUp.contains { $0 > 0 })
        // The second member began where the first one was stuck, and its acknowledgement came too late to count.
        #expect(other.entries.first?.offset == 5)
        #expect(try await topic.committed() == [10, 10])
    }

    @Test func aMemberThatIsKilledLosesNothing() async throws {
        let topic = try await TestTopic(partitions: 6)
        let (count, lines) = (3000, Journal<(worker: Int, line: String)>())
        let workers = try await (0..<3).asyncMap { number in
            try await WorkerProcess.start(topic.cluster.brokers, topic.name, "g") { lines.add((number, $0)) }
        }
        await lines.wait { $0.count { $0.line.hasPrefix("assigned") } >= 6 }
        try await topic.fill(count)
        await lines.wait { lines in (0..<3).allSatisfy { worker in lines.count { $0.worker == worker } > 60 } }
        workers[1].kill()
        await lines.wait { lines in Set(lines.compactMap { Self.value($0.line) }).count == count }
        for worker in [workers[0], workers[2]] { try await worker.finish() }
        #expect(try await topic.committed() == Array(repeating: Int64(count / 6), count: 6))
        // Each of the others handled the messages of a partition in order, as long as it had it.
        for worker in [0, 2] {
            let offsets = lines.entries.filter { $0.worker == worker }.compactMap { Self.place($0.line) }
            for (partition, list) in Dictionary(grouping: offsets, by: \.partition) {
                #expect(list.map(\.offset) == list.map(\.offset).sorted(), "\(partition)")
            }
        }
    }

    private static func value(_ line: String) -> String? {
        let words = line.split(separator: " ")
        return words.first == "handled" && words.count == 4 ? String(words[3]) : nil
    }

    private static func place(_ line: String) -> (partition: String, offset: Int)? {
        let words = line.split(separator: " ")
        guard words.first == "handled", words.count == 4, let offset = Int(words[2]) else { return nil }
        return (String(words[1]), offset)
    }
}

extension Sequence {
    fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
