import Foundation
import SluicePostgres
import SluiceSinks

/// Runs the program that a profile names in `credential_process`.
enum CredentialProcess {
    /// Runs a command with `/bin/sh` and reads what it writes.
    ///
    /// What it says on its standard error is not read: it may hold secrets.
    ///
    /// - Throws: `notAuthorized`; `CancellationError` promptly, and the program then ends on its own.
    static func run(_ command: String) async throws -> AWSCredentials {
        let thread = BlockingThread()
        defer { thread.close() }
        let document = try await thread.run {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", command]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            do {
                try process.run()
            } catch {
                throw SinkError(.notAuthorized, "The profile's credential_process cannot be started.", cause: error)
            }
            let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            guard process.terminationReason == .exit, process.terminationStatus == 0 else {
                let status = process.terminationStatus
                throw SinkError(.notAuthorized, "The profile's credential_process failed with status \(status).")
            }
            return [UInt8](bytes)
        }
        return try AWSCredentials(document: document, from: "The profile's credential_process", isProcess: true)
    }
}
