import Foundation
import Glibc

/// A `ClusterWorker`.
final class WorkerProcess: Sendable {
    private let process = Process()
    // It drains when its input ends, also with this process.
    private let input = Pipe()

    /// - Parameter log: Gets what it reports.
    init(_ arguments: [String], log: String) throws {
        let products = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        process.executableURL = products.appendingPathComponent("ClusterWorker")
        process.arguments = arguments
        process.standardInput = input
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
    }

    /// Ends it without giving it a chance to say anything.
    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Lets it drain.
    ///
    /// - Returns: Its exit status.
    func finish() -> Int32 {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        return process.terminationStatus
    }

    deinit {
        if process.isRunning { kill() }
    }
}
