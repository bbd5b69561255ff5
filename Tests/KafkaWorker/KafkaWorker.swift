import Foundation
import SluiceKafka
import SluicePipelines
import SluicePostgres
import Synchronization

/// One member of a consumer group as a process of its own, for tests that kill it: `KafkaWorker BROKERS TOPIC GROUP`.
///
/// Prints `assigned PARTITION` for each partition that it gets, and `handled PARTITION OFFSET VALUE` for each message, after
/// ten milliseconds. It drains when its input ends.
@main struct KafkaWorker {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4 else { return say("KafkaWorker BROKERS TOPIC GROUP") }
        var options = KafkaSource.Options()
        options.sessionTimeout = .seconds(6)
        options.heartbeatInterval = .seconds(1)
        options.maxPollInterval = .seconds(10)
        options.revokeTimeout = .seconds(3)
        options.commitInterval = .milliseconds(500)
        let clock = ContinuousClock()
        let pipeline = Pipeline(
            source: Producers { [options] _ in
                try KafkaSource("kafka://\(arguments[1])/\(arguments[2])", groupID: arguments[3], options: options) {
                    if case .assigned(let partitions) = $0 {
                        for partition in partitions { say("assigned \(partition)") }
                    }
                }
            },
            processors: Processors(concurrency: 4, partitionedBy: { $0.kafkaPartition }),
            handler: Handling { (message: Message<[UInt8]>) in
                try await clock.sleep(for: .milliseconds(10))
                let offset = message.metadata["offset"] ?? ""
                say("handled \(message.kafkaPartition) \(offset) \(String(decoding: message.body, as: UTF8.self))")
                return message
            }
        )
        try await pipeline.run { running in
            try await BlockingThread().run { while readLine() != nil {} }
            running.drain()
        }
    }

    private static let output = Mutex(FileHandle.standardOutput)

    /// Writes a line at once.
    private static func say(_ line: String) {
        output.withLock { $0.write(Data((line + "\n").utf8)) }
    }
}
