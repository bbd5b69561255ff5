import BareNATS
import BrokerBenchmark
import SluiceNATS
import SluicePipelines

/// Messages per second from a stream of JetStream through a pipeline whose handler does nothing, each acknowledged, next to
/// a bare loop around libnats in C, by turns in one process.
///
/// `NATSBenchmark [MESSAGES [ROUNDS]]`; 300,000 messages and 5 rounds if nothing is said. Server, loop and pipeline share
/// the machine's cores.
@main struct NATSBenchmark {
    private static let stream = "bench"
    private static let size = 200

    static func main() async throws {
        let comparison = Comparison(of: "messages")
        let count = comparison.count
        let server = try BrokerServer(saying: "Server is ready") {
            "nats-server --addr 127.0.0.1 --port \($0) --jetstream --store_dir ."
        }
        let port = server.port
        let body = [UInt8](repeating: UInt8(ascii: "n"), count: size)
        guard bare_nats_fill(port, stream, count, body, Int32(size)) == count else {
            throw Failure("the stream could not be filled")
        }
        let loops = [1000, 100].map { atOnce in
            Contender.bare("batches of \(atOnce)") { durable in
                guard bare_nats_read(port, stream, durable, count, Int32(atOnce)) == count else {
                    throw Failure("the bare loop has not read everything")
                }
            }
        }
        let pipelines = [(1, 2000), (2, 1000), (4, 1000), (8, 10)].map { concurrency, maxDemand in
            Contender.pipeline(concurrency, maxDemand) { durable in
                try await handle(count, Processors(concurrency: concurrency, maxDemand: maxDemand)) {
                    try source(port, durable)
                }
            }
        }
        try await comparison.run(size: size, loops + pipelines) { durable in
            guard bare_nats_consumer(port, stream, durable) == 1 else { throw Failure("no consumer") }
        } left: { durable in
            Int(bare_nats_left(port, stream, durable))
        }
    }

    @Sendable private static func source(_ port: Int32, _ durable: String) throws -> NATSSource {
        var options = NATSSource.Options()
        options.batch = 1000
        return try NATSSource("nats://127.0.0.1:\(port)", stream: stream, durable: durable, options: options)
    }
}
