import Foundation
import Glibc
import Sluice
import SluiceNATS
import SluicePipelines
import SluicePostgres

/// One of several processes that run the same pipeline: `ClusterWorker URL STREAM PARTITIONS FILE NAME`.
///
/// It handles a message by adding the line `NAME BODY` to a file that all workers share, in one write. It drains when its
/// input ends. What it reports goes to its standard error.
@main struct ClusterWorker {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 6, let partitions = Int(arguments[3]) else {
            fatalError("ClusterWorker URL STREAM PARTITIONS FILE NAME")
        }
        let (url, stream, name) = (arguments[1], arguments[2], arguments[5])
        let file = open(arguments[4], O_WRONLY | O_APPEND | O_CREAT, 0o600)
        precondition(file >= 0, "cannot open \(arguments[4])")
        let pipeline = Pipeline(
            source: Producers(concurrency: partitions) { partition in
                var options = NATSSource.Options()
                options.filterSubject = "orders.\(partition)"
                options.maxAckPending = 1
                options.ackWait = .seconds(3)
                return try NATSSource(url, stream: stream, durable: "worker-\(partition)", options: options) { report in
                    say("\(name) \(partition): \(report)")
                }
            },
            processors: Processors(concurrency: 4),
            handler: Handling { (message: Message<[UInt8]>) in
                let line = Array("\(name) ".utf8) + message.body + [UInt8(ascii: "\n")]
                guard write(file, line, line.count) == line.count else { throw MessageFailure("the file is full") }
                return message
            }
        ) { say("\(name): \($0)") }
        try await pipeline.run { running in
            _ = try await BlockingThread().run { try FileHandle.standardInput.readToEnd() }
            running.drain()
        }
    }

    private static func say(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }
}
