import Foundation
import GRDB
import SluiceSinks
import SluiceSinksTesting
import Testing

/// The checks of sinks find each broken rule, and nothing else.
@Suite struct SinkConformanceTests {
    @Test func anOrderedSinkThatKeepsTheRules() async throws {
        let place = OrderedPlace()
        try await checkSink {
            OrderedMemorySink(place)
        } rows: {
            place.rows
        }
    }

    @Test(arguments: OrderedMemorySink.Wrong.allCases)
    func aBrokenRuleOfAnOrderedSinkIsNamed(wrong: OrderedMemorySink.Wrong) async throws {
        let place = OrderedPlace()
        let violation = try await #require(throws: SinkViolation.self) {
            try await checkSink {
                OrderedMemorySink(place, wrong: wrong)
            } rows: {
                place.rows
            }
        }
        #expect(violation.rule == wrong.rule, "\(violation)")
    }

    @Test(arguments: [KeyFailure.prefix, .independent])
    func aKeyedSinkThatKeepsTheRules(keyFailure: KeyFailure) async throws {
        let place = KeyedPlace()
        try await checkSink(poison: "poison") {
            KeyedMemorySink(place, keyFailure)
        } bodies: {
            place.bodies
        }
    }

    @Test(arguments: KeyedMemorySink.Wrong.allCases)
    func aBrokenRuleOfAKeyedSinkIsNamed(wrong: KeyedMemorySink.Wrong) async throws {
        let place = KeyedPlace()
        let violation = try await #require(throws: SinkViolation.self) {
            try await checkSink(poison: "poison") {
                KeyedMemorySink(place, .prefix, wrong: wrong)
            } bodies: {
                place.bodies
            }
        }
        #expect(violation.rule == wrong.rule, "\(violation)")
    }

    @Test func file() async throws {
        try await inFolder { folder in
            let path = folder.appending(path: "out.ndjson").path()
            // Whose messages a file holds is in the state file only.
            try await checkSink(remembersSource: false) {
                FileSink(path: path)
            } rows: {
                let text = try String(contentsOfFile: path, encoding: .utf8)
                return text.split(separator: "\n").compactMap { SampleRow(message: String($0)) }
            }
        }
    }

    @Test func sqlite() async throws {
        try await inFolder { folder in
            let path = folder.appending(path: "out.db").path()
            try await checkSink {
                SQLiteSink(path: path)
            } rows: {
                let queue = try DatabaseQueue(path: path)
                let sql = "select message from changes order by commit_lsn, commit_idx, sub"
                return try await queue.read { try String.fetchAll($0, sql: sql) }.compactMap { SampleRow(message: $0) }
            }
        }
    }

    private func inFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }
}
