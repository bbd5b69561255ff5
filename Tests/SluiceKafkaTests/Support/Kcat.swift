import Foundation
import SluicePostgres

/// Reads topics with `kcat`, a client that knows nothing of this one.
enum Kcat {
    /// A record as it is in the log.
    struct Record: Decodable {
        var partition: Int
        var offset: Int
        var key: String?
        var payload: String?
        var headers: [String]?

        /// The number that `message(_:)` put into the body.
        var number: Int? {
            payload.flatMap { Int($0.dropFirst("{\"n\":".count).prefix { $0.isNumber }) }
        }

        /// The headers by name.
        var named: [String: String] {
            let list = headers ?? []
            let pairs = stride(from: 0, to: list.count - 1, by: 2).map { (list[$0], list[$0 + 1]) }
            return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        }
    }

    /// All records of a topic, by partition and offset.
    static func read(_ topic: String, of brokers: String) async throws -> [Record] {
        let arguments = ["kcat", "-C", "-b", brokers, "-t", topic, "-o", "beginning", "-e", "-q", "-J"]
        let output = try await run(arguments)
        return try output.split(separator: UInt8(ascii: "\n"))
            .map { try JSONDecoder().decode(Record.self, from: Data($0)) }
            .sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
    }

    private static func run(_ arguments: [String]) async throws -> Data {
        try await BlockingThread().run {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = arguments
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let data = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw TestFailure("\(arguments.joined(separator: " ")) ended with \(process.terminationStatus)")
            }
            return data
        }
    }
}
