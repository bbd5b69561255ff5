import Foundation
import SluicePostgres

/// `KafkaMockCluster`, the cluster in memory as a process that can be killed.
package final class ClusterProcess: Sendable {
    /// `HOST:PORT,…`
    package let brokers: String
    private let process: Process
    // It ends when its input does.
    private let input: Pipe
    private let output: Pipe

    package static func start() async throws -> ClusterProcess {
        try await BlockingThread().run { try ClusterProcess() }
    }

    /// Starts it, and blocks until it is there.
    package init() throws {
        // The tests are built beside it.
        let products = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        process = Process()
        process.executableURL = products.appendingPathComponent("KafkaMockCluster")
        (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try withDescriptorsAlone { [process] in try process.run() }
        brokers = try Self.line(of: output)
    }

    deinit {
        process.terminate()
    }

    /// Gives a command and waits for its `ok`.
    package func tell(_ command: String) async throws {
        try await BlockingThread().run { [self] in try tellBlocking(command) }
    }

    /// The same for a caller that may block its thread.
    package func tellBlocking(_ command: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data((command + "\n").utf8))
        let answer = try Self.line(of: output)
        guard answer == "ok" else { throw ClusterFailure("KafkaMockCluster: \(answer)") }
    }

    /// Ends it without giving it a chance to say anything.
    package func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
    }

    /// One line; it never has more than one that nobody has read.
    private static func line(of output: Pipe) throws -> String {
        var text = ""
        while text.last != "\n" {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw ClusterFailure("KafkaMockCluster has ended: \(text)") }
            text += String(decoding: data, as: UTF8.self)
        }
        return String(text.dropLast())
    }
}
