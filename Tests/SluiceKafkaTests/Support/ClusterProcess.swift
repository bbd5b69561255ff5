import Foundation
import SluicePostgres

/// `KafkaMockCluster`, the cluster in memory as a process that can be killed.
final class ClusterProcess: Sendable {
    /// `HOST:PORT,…`
    let brokers: String
    private let process: Process
    // It ends when its input does.
    private let input: Pipe
    private let output: Pipe

    static func start() async throws -> ClusterProcess {
        try await BlockingThread().run { try ClusterProcess() }
    }

    private init() throws {
        // The tests are built beside it.
        let products = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        process = Process()
        process.executableURL = products.appendingPathComponent("KafkaMockCluster")
        (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        brokers = try Self.line(of: output)
    }

    deinit {
        process.terminate()
    }

    /// Gives a command and waits for its `ok`.
    func tell(_ command: String) async throws {
        try await BlockingThread().run { [input, output] in
            try input.fileHandleForWriting.write(contentsOf: Data((command + "\n").utf8))
            let answer = try Self.line(of: output)
            guard answer == "ok" else { throw TestFailure("KafkaMockCluster: \(answer)") }
        }
    }

    /// Ends it without giving it a chance to say anything.
    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
    }

    /// One line; it never has more than one that nobody has read.
    private static func line(of output: Pipe) throws -> String {
        var text = ""
        while text.last != "\n" {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw TestFailure("KafkaMockCluster has ended: \(text)") }
            text += String(decoding: data, as: UTF8.self)
        }
        return String(text.dropLast())
    }
}
