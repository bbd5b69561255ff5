import Foundation

/// What a program has said that was waited for.
package struct RanProgram {
    package let output: String

    /// Runs a program to its end; blocks.
    ///
    /// - Throws: ``Failed``.
    package init(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.output = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(program: program, output: self.output) }
    }

    package struct Failed: Error {
        package let program: String
        package let output: String
    }
}
