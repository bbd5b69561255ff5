import BareKafka
import SluiceKafka
import SluicePostgres
import SluiceSinks

/// Messages per second through `KafkaSink.send(_:)`, next to a bare loop around librdkafka in C, by turns in one process.
///
/// The cluster is librdkafka's own in memory: the figures tell what the sink costs, not how fast Kafka is.
@main struct KafkaBenchmark {
    private static let topic = "bench"
    private static let rounds = 3
    private static let count = 300_000

    static func main() async throws {
        guard let cluster = bare_cluster_start(topic, 4) else { throw Failure(description: "no cluster in memory") }
        let brokers = String(cString: bare_cluster_brokers(cluster))
        let body = Workload.body
        print("\(count) messages of \(body.count) bytes, 4 partitions, median of \(rounds) rounds")
        let contenders =
            [
                Contender(name: "bare loop in C, no headers") { try bare(brokers, body, headers: false) },
                Contender(name: "bare loop in C, five headers") { try bare(brokers, body, headers: true) },
            ]
            + [(100, 1), (100, 4), (1000, 1), (1000, 4), (5000, 1), (5000, 4)].map { size, concurrency in
                Contender(name: "send, \(size) messages, \(concurrency) at a time") {
                    try await send(brokers, Workload(request: size, body: body), concurrency: concurrency)
                }
            }
        var rates = contenders.map { _ in [Double]() }
        for _ in 0..<rounds {
            for (index, contender) in contenders.enumerated() {
                let start = ContinuousClock.now
                try await contender.run()
                rates[index].append(Double(count) / ((ContinuousClock.now - start) / .seconds(1)))
            }
        }
        let medians = rates.map { $0.sorted()[rounds / 2] }
        for (contender, rate) in zip(contenders, medians) {
            let name = contender.name.padding(to: 32)
            print("\(name) \(String(Int(rate)).padding(to: 8)) messages/s  \(Int(rate / medians[1] * 100)) %")
        }
    }

    private static func bare(_ brokers: String, _ body: [UInt8], headers: Bool) throws {
        let acknowledged = bare_produce(brokers, topic, count, Workload.keys, body, body.count, headers ? 1 : 0)
        guard acknowledged == count else { throw Failure(description: "\(acknowledged) of \(count) acknowledged") }
    }

    private static func send(_ brokers: String, _ workload: Workload, concurrency: Int) async throws {
        let sink = try KafkaURL("kafka://\(brokers)/\(topic)").makeSink()
        let source = SourceIdentity(systemIdentifier: "1", timeline: 1, slot: "bench")
        _ = try await sink.open(for: source, remembered: nil)
        let requests = count / workload.request / concurrency
        try await withThrowingTaskGroup(of: Void.self) { group in
            for sender in 0..<concurrency {
                group.addTask {
                    for number in 0..<requests {
                        let results = try await sink.send(workload.messages(of: sender, number))
                        for result in results {
                            guard case .durable = result else { throw Failure(description: "\(result)") }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        await sink.close()
    }
}

/// A way to write all messages.
private struct Contender {
    let name: String
    let run: () async throws -> Void
}

/// A measurement that means nothing.
struct Failure: Error {
    let description: String
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(width - count, 0))
    }
}
