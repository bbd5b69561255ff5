import Sluice
import SluicePipelines
import Synchronization

/// Measures what a pipeline itself costs: a source that counts, processors and batches that do nothing, and an acknowledger
/// that counts.
///
/// `PipelineBenchmark [MESSAGES [ROUNDS]]`; 5,000,000 messages and 5 rounds if nothing is said. Prints the median.
@main struct PipelineBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let messages = arguments.first ?? 5_000_000
        let rounds = arguments.dropFirst().first ?? 5
        print("Pipelines: \(messages) messages, the median of \(rounds) rounds, million messages/s")
        let forms: [(name: String, maxDemand: Int, isBatched: Bool)] = [
            ("2 processors, windows of 10, 1 batcher of 100", 10, true),
            ("2 processors, windows of 1000, 1 batcher of 100", 1000, true),
            ("2 processors, windows of 1000, no batcher", 1000, false),
        ]
        for form in forms {
            var rates: [Double] = []
            for _ in 0..<rounds {
                let counter = Counter()
                let start = ContinuousClock.now
                try await run(messages, counter, maxDemand: form.maxDemand, isBatched: form.isBatched)
                rates.append(Double(messages) / ((ContinuousClock.now - start) / .seconds(1)) / 1e6)
                guard counter.count == messages else { fatalError("\(counter.count) were acknowledged") }
            }
            let hundredths = Int((rates.sorted()[rounds / 2] * 100).rounded())
            print("\(form.name): \(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10)")
        }
    }

    private static func run(_ messages: Int, _ counter: Counter, maxDemand: Int, isBatched: Bool) async throws {
        try await Pipeline(
            source: Producers { _ in Numbers(messages, counter) },
            processors: Processors(concurrency: 2, maxDemand: maxDemand),
            batchers: isBatched ? [Batcher(size: .count(100))] : [],
            handler: Handling<Int, Int> { $0 }
        ).run()
    }
}

/// Counts messages.
final class Counter: Acknowledger {
    private let total = Atomic(0)

    var count: Int { total.load(ordering: .relaxed) }

    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) {
        total.add(outcome.successful.count, ordering: .relaxed)
    }
}

/// Emits as many numbers as it is asked for.
struct Numbers: Producer {
    private var left: Int
    private let counter: Counter

    init(_ count: Int, _ counter: Counter) {
        left = count
        self.counter = counter
    }

    mutating func handleDemand(_ demand: Int) -> [Message<Int>]? {
        guard left > 0 else { return nil }
        let count = min(demand, left)
        defer { left -= count }
        let acknowledgements = counter.acknowledgements(of: (0..<count).lazy.map { .number(UInt64($0)) })
        return acknowledgements.map { Message(left, acknowledgement: $0) }
    }
}
