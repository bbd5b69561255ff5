import BareRedis
import BrokerBenchmark
import SluicePipelines
import SluiceRedis

/// Entries per second from a stream through a pipeline whose handler does nothing, each acknowledged, next to a bare loop
/// around hiredis in C, by turns in one process.
///
/// `RedisBenchmark [ENTRIES [ROUNDS]]`; 300,000 entries and 5 rounds if nothing is said. Server, loop and pipeline share the
/// machine's cores.
@main struct RedisBenchmark {
    private static let stream = "bench"
    private static let size = 200

    static func main() async throws {
        let comparison = Comparison(of: "entries")
        let count = comparison.count
        let server = try BrokerServer(saying: "Ready to accept connections") {
            "redis-server --port \($0) --bind 127.0.0.1 --save '' --appendonly no"
        }
        let port = server.port
        let value = [UInt8](repeating: UInt8(ascii: "n"), count: size)
        guard bare_redis_fill(port, stream, count, value, size) == count else {
            throw Failure("the stream could not be filled")
        }
        let loops = [1000, 100].map { atOnce in
            Contender.bare("COUNT \(atOnce)") { group in
                guard bare_redis_read(port, stream, group, Int32(atOnce)) == count else {
                    throw Failure("the bare loop has not read everything")
                }
            }
        }
        let pipelines = [(1, 2000), (2, 1000), (4, 1000), (8, 10)].map { concurrency, maxDemand in
            Contender.pipeline(concurrency, maxDemand) { group in
                try await handle(count, Processors(concurrency: concurrency, maxDemand: maxDemand)) {
                    try source(port, group)
                }
            }
        }
        try await comparison.run(size: size, loops + pipelines) { group in
            guard bare_redis_group(port, stream, group) == 1 else { throw Failure("no group") }
        } left: { group in
            Int(bare_redis_pending(port, stream, group))
        }
    }

    @Sendable private static func source(_ port: Int32, _ group: String) throws -> RedisStreamSource {
        var options = RedisStreamSource.Options()
        options.count = 1000
        return try RedisStreamSource("redis://127.0.0.1:\(port)", stream: stream, group: group, options: options)
    }
}
