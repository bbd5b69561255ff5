import BareRedis
import Sluice
import SluicePipelines
import SluiceRedis
import Synchronization

/// Entries per second from a stream through a pipeline whose handler does nothing, each acknowledged, next to a bare loop
/// around hiredis in C, by turns in one process.
///
/// `RedisBenchmark [ENTRIES [ROUNDS]]`; 300,000 entries and 5 rounds if nothing is said. Server, loop and pipeline share the
/// machine's cores.
@main struct RedisBenchmark {
    private static let stream = "bench"
    private static let size = 200

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let count = arguments.first ?? 300_000
        let rounds = arguments.dropFirst().first ?? 5
        let server = try RedisServer()
        let value = [UInt8](repeating: UInt8(ascii: "n"), count: size)
        guard bare_redis_fill(server.port, stream, count, value, size) == count else {
            throw Failure(description: "the stream could not be filled")
        }
        print("\(count) entries of \(size) bytes, median of \(rounds) rounds")
        let port = server.port
        let contenders: [Contender] =
            [1000, 100].map { atOnce in
                Contender(name: "bare loop in C, COUNT \(atOnce)") { group in
                    guard bare_redis_read(port, stream, group, Int32(atOnce)) == count else {
                        throw Failure(description: "the bare loop has not read everything")
                    }
                }
            }
            + [(1, 2000), (2, 1000), (4, 1000), (8, 10)].map { concurrency, maxDemand in
                Contender(name: "pipeline, \(concurrency) processors, windows of \(maxDemand)") { group in
                    let processors = Processors<RedisStreamEntry>(concurrency: concurrency, maxDemand: maxDemand)
                    try await run(port, group, count, processors)
                }
            }
        var rates = contenders.map { _ in [Double]() }
        for round in 0..<rounds {
            for (index, contender) in contenders.enumerated() {
                let group = "\(round)-\(index)"
                guard bare_redis_group(port, stream, group) == 1 else { throw Failure(description: "no group") }
                let start = ContinuousClock.now
                try await contender.run(group)
                rates[index].append(Double(count) / ((ContinuousClock.now - start) / .seconds(1)))
                guard bare_redis_pending(port, stream, group) == 0 else {
                    throw Failure(description: "\(contender.name) has not acknowledged everything")
                }
            }
        }
        let medians = rates.map { $0.sorted()[rounds / 2] }
        let best = medians.prefix(2).max() ?? 1
        for (contender, rate) in zip(contenders, medians) {
            let name = contender.name + String(repeating: " ", count: max(40 - contender.name.count, 0))
            print("\(name) \(Int(rate)) entries/s  \(Int(rate / best * 100)) % of the best bare loop")
        }
    }

    private static func run(
        _ port: Int32,
        _ group: String,
        _ count: Int,
        _ processors: Processors<RedisStreamEntry>
    ) async throws {
        let handled = Counter()
        let pipeline = Pipeline(
            source: Producers { _ in
                var options = RedisStreamSource.Options()
                options.count = 1000
                return try RedisStreamSource(
                    "redis://127.0.0.1:\(port)",
                    stream: stream,
                    group: group,
                    options: options
                )
            },
            processors: processors,
            handler: Handling<RedisStreamEntry, RedisStreamEntry> { message in
                handled.add()
                return message
            }
        )
        try await pipeline.run { running in
            while handled.count < count { try await Task.sleep(for: .milliseconds(1)) }
            running.drain()
        }
    }
}

/// A way to read all entries.
private struct Contender {
    let name: String
    let run: (_ group: String) async throws -> Void
}

/// Counts entries.
private final class Counter: Sendable {
    private let total = Atomic(0)

    func add() { total.add(1, ordering: .relaxed) }

    var count: Int { total.load(ordering: .relaxed) }
}

/// A measurement that means nothing.
struct Failure: Error {
    let description: String
}
