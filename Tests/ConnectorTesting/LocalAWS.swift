import Foundation
import SluicePostgres
import Testing

/// moto's server with SQS and IAM on a free port of 127.0.0.1, and the AWS command line to look into it.
///
/// It stops when the process ends, however that happens: its shell waits for the end of a pipe that only this process
/// holds, and then ends it by its process id.
package final class LocalAWS: Sendable {
    /// Where it listens.
    package let url: String

    // Held open for the shell; never written to.
    private let guardPipe = Pipe()

    /// One server for all tests that do not care who asks.
    package static func shared() async throws -> LocalAWS {
        try await thread.run { try open.get() }
    }

    /// One server that verifies signatures, and the key of its only user.
    package static func verifying() async throws -> (server: LocalAWS, key: [String: String]) {
        try await thread.run { try checked.get() }
    }

    private static let thread = BlockingThread()
    private static let open = Result { try LocalAWS() }
    private static let checked = Result {
        // The first three calls are free: they make the user.
        let server = try LocalAWS(environment: ["INITIAL_NO_AUTH_ACTION_COUNT": "3"])
        let policy = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}"#
        _ = try server.runBlocking(["iam", "create-user", "--user-name", "sluice"])
        let answer = try server.runBlocking(["iam", "create-access-key", "--user-name", "sluice"])
        _ = try server.runBlocking(
            ["iam", "put-user-policy", "--user-name", "sluice", "--policy-name", "all", "--policy-document", policy]
        )
        let key = try #require(answer["AccessKey"] as? [String: String])
        let environment = [
            "AWS_ACCESS_KEY_ID": try #require(key["AccessKeyId"]),
            "AWS_SECRET_ACCESS_KEY": try #require(key["SecretAccessKey"]), "AWS_REGION": "us-east-1",
        ]
        return (server, environment)
    }

    private init(environment: [String: String] = [:]) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // Not TERM: the threads that start processes block it, and the server inherits that.
        let script = #""$0" -H 127.0.0.1 -p 0 </dev/null & cat >/dev/null; kill -KILL $!; wait"#
        process.arguments = ["-c", script, try Self.tool("moto_server")]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = guardPipe
        process.standardOutput = output
        process.standardError = output
        try process.run()
        var text = ""
        while true {
            let bytes = output.fileHandleForReading.availableData
            text += String(decoding: bytes, as: UTF8.self)
            if let start = text.range(of: "Running on "),
                let end = text[start.upperBound...].firstIndex(where: \.isNewline)
            {
                url = String(text[start.upperBound..<end])
                break
            }
            try #require(!bytes.isEmpty, "moto_server ended: \(text)")
        }
        // It writes a line for each request, and would wait for somebody to read it.
        output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
    }

    /// Runs `aws` with some arguments and reads its JSON.
    ///
    /// - Throws: A failed requirement if the program fails.
    @discardableResult
    package func run(_ arguments: [String], as key: [String: String] = [:]) async throws -> [String: Any] {
        let thread = BlockingThread()
        defer { thread.close() }
        let result = try await thread.run { [self] in Answer(try runBlocking(arguments, as: key)) }
        return result.json
    }

    // A JSON object is handed from one thread to another once, and nobody keeps it.
    private struct Answer: @unchecked Sendable {
        let json: [String: Any]

        init(_ json: [String: Any]) {
            self.json = json
        }
    }

    /// The same, on the caller's thread.
    ///
    /// - Throws: A failed requirement if the program fails.
    @discardableResult
    package func runBlocking(_ arguments: [String], as key: [String: String] = [:]) throws -> [String: Any] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: try Self.tool("aws"))
        process.arguments = ["--endpoint-url", url, "--output", "json"] + arguments
        let standard = ["AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1"]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"].merging(standard) { $1 }.merging(key) {
            $1
        }
        process.environment?["AWS_DEFAULT_REGION"] = "us-east-1"
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "aws \(arguments.joined(separator: " ")) failed")
        if bytes.isEmpty { return [:] }
        return try JSONSerialization.jsonObject(with: bytes) as? [String: Any] ?? [:]
    }

    /// Where `scripts/setup tests` put a program.
    private static func tool(_ name: String) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "")/.cache"
        let path = "\(cache)/sluice/aws-tools/bin/\(name)"
        try #require(
            FileManager.default.isExecutableFile(atPath: path),
            "Run scripts/setup tests: there is no \(path)."
        )
        return path
    }
}
