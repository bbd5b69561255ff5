import Foundation
import SluicePostgres

/// Reads topics with `kcat`, a client that knows nothing of this one.
package enum Kcat {
    /// A record as it is in the log.
    package struct Record: Decodable, Sendable {
        package var partition: Int
        package var offset: Int
        package var key: String?
        package var payload: String?
        package var headers: [String]?

        /// The number that `message(_:)` put into the body.
        package var number: Int? {
            payload.flatMap { Int($0.dropFirst("{\"n\":".count).prefix { $0.isNumber }) }
        }

        /// The headers by name.
        package var named: [String: String] {
            let list = headers ?? []
            let pairs = stride(from: 0, to: list.count - 1, by: 2).map { (list[$0], list[$0 + 1]) }
            return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        }
    }

    /// All records of a topic, by partition and offset.
    package static func read(_ topic: String, of brokers: String) async throws -> [Record] {
        try await BlockingThread().run { try readBlocking(topic, of: brokers) }
    }

    /// The same for a caller that may block its thread.
    package static func readBlocking(_ topic: String, of brokers: String) throws -> [Record] {
        let arguments = ["kcat", "-C", "-b", brokers, "-t", topic, "-o", "beginning", "-e", "-q", "-J"]
        let output = try run(arguments)
        return try output.split(separator: UInt8(ascii: "\n"))
            .map { try JSONDecoder().decode(Record.self, from: Data($0)) }
            .sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
    }

    private static func run(_ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try withDescriptorsAlone { try process.run() }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ClusterFailure("\(arguments.joined(separator: " ")) ended with \(process.terminationStatus)")
        }
        return data
    }
}
