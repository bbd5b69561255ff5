import Foundation
import KafkaTesting
import Sluice
import SluicePostgres

/// `KafkaWorker`, a member of a group as a process that can be killed.
final class WorkerProcess: Sendable {
    private let process: Process
    // It drains when its input ends, also when that is because this process has ended.
    private let input = Pipe()
    private let ending = BlockingThread()

    static func start(
        _ brokers: String,
        _ topic: String,
        _ group: String,
        _ hear: @escaping @Sendable (String) -> Void
    ) async throws -> WorkerProcess {
        try await BlockingThread().run { try WorkerProcess([brokers, topic, group], hear) }
    }

    private init(_ arguments: [String], _ hear: @escaping @Sendable (String) -> Void) throws {
        // The tests are built beside it.
        let products = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        process = Process()
        process.executableURL = products.appendingPathComponent("KafkaWorker")
        process.arguments = arguments
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try withDescriptorsAlone { [process] in try process.run() }
        startReading(output, hear)
    }

    private func startReading(_ output: Pipe, _ hear: @escaping @Sendable (String) -> Void) {
        startThread {
            var rest: [UInt8] = []
            while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
                rest += data
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    hear(String(decoding: rest[..<end], as: UTF8.self))
                    rest.removeSubrange(...end)
                }
            }
        }
    }

    /// Ends it without giving it a chance to say anything.
    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
    }

    /// Lets it drain, and waits for its end.
    func finish() async throws {
        try input.fileHandleForWriting.close()
        await ending.close { [process] in process.waitUntilExit() }
    }
}
