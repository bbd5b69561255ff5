import Foundation
import GRDB
import SluicePostgres
import SluiceSinksTesting
import Testing

@testable import SluiceSinks

/// A batch of one key costs an ordered sink far fewer writes than it has messages.
@Suite struct HotKeyTests {
    private static let count = 5000

    /// A transaction whose changes are all of one row.
    private var changes: [Change] {
        var stream = SampleStream()
        return stream.transaction((1...Self.count).map { .update(SampleRow(id: 1, note: "note \($0)")) })
    }

    /// How many writes the system did for this thread.
    private func writes(_ body: () throws -> Void) throws -> Int {
        func count() throws -> Int {
            let text = try String(contentsOfFile: "/proc/thread-self/io", encoding: .utf8)
            return try #require(text.firstMatch(of: /syscw: (\d+)/).flatMap { Int($0.1) })
        }
        let before = try count()
        try body()
        return try count() - before
    }

    @Test func file() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("hot.ndjson")
        var (writer, _) = try FileWriter.open(path: path, remembered: nil)
        let changes = changes
        let writes = try writes { _ = try writer.deliver(changes) }
        #expect(writes > 0 && writes < Self.count / 100)
        #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == Self.count)
    }

    @Test func sqlite() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("hot.db")
        let source = SourceIdentity(systemIdentifier: "1", timeline: 1, slot: "check")
        var (writer, _) = try SQLiteWriter.open(path: path, source: source)
        let changes = changes
        let writes = try writes { _ = try writer.deliver(changes) }
        // A page of 4 KB, with a header of its own, is two writes and has several messages.
        #expect(writes > 0 && writes < Self.count / 2)
        let queue = try DatabaseQueue(path: path)
        #expect(try queue.read { try Int.fetchOne($0, sql: "select count(*) from changes") } == Self.count)
    }
}
