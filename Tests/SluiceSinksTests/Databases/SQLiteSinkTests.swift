import Foundation
import GRDB
import SinkTesting
import SluicePostgres
import Testing

// GRDB has a Cursor too.
import struct SluicePostgres.Cursor

@testable import SluiceSinks

@Suite struct SQLiteSinkTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path("out.db") }

    init() throws {
        folder = try TemporaryFolder()
    }

    private func open(source: SourceIdentity = shop, path: String? = nil) async throws -> (SQLiteSink, Cursor?) {
        let sink = SQLiteSink(path: path ?? self.path)
        do {
            return (sink, try await sink.open(for: source, remembered: nil).position.cursor)
        } catch {
            await sink.close()
            throw error
        }
    }

    /// What the table holds, in the order in which it was inserted, each message with its newline.
    private func stored(_ path: String? = nil) throws -> String {
        try DatabaseQueue(path: path ?? self.path).read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT * FROM changes ORDER BY rowid")
            for row in rows {
                let cursor = try #require(StoredCursor(row)).cursor
                #expect(row["message"] as String + "\n" == line(cursor))
                #expect((row["message"] as DatabaseValue).storage.value is String)
            }
            return rows.map { row in row["message"] as String + "\n" }.joined()
        }
    }

    @Test func storesMessagesAndCursor() async throws {
        let (sink, start) = try await open()
        #expect(start == nil)
        let position = try await sink.deliver(
            changes(.row(10, 0), .filtered(10, 1), .rows(10, 2, count: 3), .commit(10), .row(20, 0))
        )
        #expect(position == SinkPosition(cursor: at(20, 0)))
        #expect(try await sink.deliver(changes(.commit(20))).cursor == at(20, Cursor.commitIndex))
        await sink.close()
        #expect(try stored() == lines(at(10, 0), at(10, 2), at(10, 2, 1), at(10, 2, 2), at(20, 0)))
        let (again, cursor) = try await open()
        #expect(cursor == at(20, Cursor.commitIndex))
        await again.close()
    }

    @Test func goesOnExactlyOnceAfterEachBatch() async throws {
        let stream = (1...6 as ClosedRange<UInt64>).map { changes(.row($0, 0), .rows($0, 1, count: 2), .commit($0)) }
        for number in stream.indices {
            let (sink, _) = try await open()
            _ = try await sink.deliver(Array(stream[...number].joined()))
            await sink.close()
        }
        #expect(
            try stored() == (1...6 as ClosedRange<UInt64>).map { lines(at($0, 0), at($0, 1), at($0, 1, 1)) }.joined()
        )
    }

    @Test func survivesACrash() async throws {
        let (sink, _) = try await open()
        _ = try await sink.deliver(changes(.row(10, 0), .commit(10)))
        _ = try await sink.deliver(changes(.row(20, 0)))
        // The files as a killed process leaves them: a log that was never merged.
        let wal = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
        let main = try Data(contentsOf: URL(fileURLWithPath: path))
        await sink.close()
        try folder.write("crash.db", main)
        try folder.write("crash.db-wal", wal)
        let (again, cursor) = try await open(path: folder.path("crash.db"))
        #expect(cursor == at(20, 0))
        _ = try await again.deliver(changes(.row(10, 0), .commit(10), .row(20, 0), .row(20, 1)))
        await again.close()
        #expect(try stored(folder.path("crash.db")) == lines(at(10, 0), at(20, 0), at(20, 1)))
    }

    @Test func aTornLogLosesWholeBatchesOnly() async throws {
        let (sink, _) = try await open()
        for lsn in 1...3 as ClosedRange<UInt64> { _ = try await sink.deliver(changes(.row(lsn, 0), .row(lsn, 1))) }
        let wal = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
        let main = try Data(contentsOf: URL(fileURLWithPath: path))
        await sink.close()
        for length in stride(from: 0, through: wal.count, by: 1021) {
            let copy = folder.path("torn-\(length).db")
            try folder.write("torn-\(length).db", main)
            try folder.write("torn-\(length).db-wal", wal.prefix(length))
            let (again, cursor) = try await open(path: copy)
            await again.close()
            let kept = cursor?.commitLSN.rawValue ?? 0
            #expect(try stored(copy) == (0..<kept).map { lines(at($0 + 1, 0), at($0 + 1, 1)) }.joined())
        }
    }

    @Test func aSecondWriterFencesTheFirst() async throws {
        let (first, _) = try await open()
        _ = try await first.deliver(changes(.row(10, 0)))
        let (second, cursor) = try await open()
        #expect(cursor == at(10, 0))
        _ = try await second.deliver(changes(.row(20, 0)))
        await expectFailure(.takenOver, path, "Another process") { try await first.deliver(changes(.row(20, 0))) }
        await expectFailure(.notOpen) { try await first.deliver(changes(.row(30, 0))) }
        _ = try await second.deliver(changes(.row(30, 0)))
        await first.close()
        await second.close()
        #expect(try stored() == lines(at(10, 0), at(20, 0), at(30, 0)))
    }

    @Test func commitsAreSynchronized() throws {
        let queue = try DurableDatabase.open(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
        try DurableDatabase.makeDurable(queue, path: path)
        let (mode, level) = try queue.read { database in
            (
                try String.fetchOne(database, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(database, sql: "PRAGMA synchronous")
            )
        }
        #expect(mode == "wal" && level == 2)
    }

    @Test(arguments: [
        SourceIdentity(systemIdentifier: "1", timeline: 1, slot: "shop"),
        SourceIdentity(systemIdentifier: shop.systemIdentifier, timeline: 1, slot: "other"),
    ])
    func refusesAnotherSource(source: SourceIdentity) async throws {
        let (sink, _) = try await open()
        await sink.close()
        await expectFailure(.otherSource, path, source.slot, shop.slot) { try await open(source: source) }
    }

    @Test func refusesAnOlderTimeline() async throws {
        var source = shop
        source.timeline = 3
        let (sink, _) = try await open(source: source)
        await sink.close()
        await expectFailure(.otherSource, "timeline 3", "timeline 1") { try await open() }
        source.timeline = 4
        let (again, _) = try await open(source: source)
        await again.close()
    }

    @Test func leavesATableOfSomebodyElse() async throws {
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE changes (mine TEXT)") }
        await expectFailure(.notOurs, path) { try await open() }
        let mode = try await DatabaseQueue(path: path).read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        #expect(mode == "delete")
    }

    @Test func livesBesideOtherTables() async throws {
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE mine (x TEXT)") }
        let (sink, _) = try await open()
        _ = try await sink.deliver(changes(.row(1, 0)))
        await sink.close()
        #expect(try stored() == lines(at(1, 0)))
    }

    @Test func refusesAMessageThatIsThere() async throws {
        let (sink, _) = try await open()
        _ = try await sink.deliver(changes(.row(1, 0)))
        try await DatabaseQueue(path: path).write { database in
            try database.execute(sql: "INSERT INTO changes VALUES (2, 1, 0, 'mine')")
        }
        await expectFailure(.refused, path) { try await sink.deliver(changes(.row(2, 0), .row(2, 1))) }
        await sink.close()
        let (again, cursor) = try await open()
        #expect(cursor == at(1, 0))
        await again.close()
        let count = try await DatabaseQueue(path: path).read { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM changes")
        }
        #expect(count == 2)
    }

    @Test func keepsNothingOfABatchOutOfOrder() async throws {
        let (sink, _) = try await open()
        await expectFailure(.outOfOrder) { try await sink.deliver(changes(.row(2, 0), .row(1, 0))) }
        await sink.close()
        #expect(try stored().isEmpty)
    }

    @Test func rewinds() async throws {
        let (sink, _) = try await open()
        let all = changes(.row(9, 0), .commit(9), .row(10, 0), .rows(10, 1, count: 2))
        _ = try await sink.deliver(all)
        #expect(try await sink.rewind(to: at(9, Cursor.commitIndex, .max)).cursor == at(9, Cursor.commitIndex, .max))
        #expect(try stored() == lines(at(9, 0)))
        _ = try await sink.deliver(all)
        await sink.close()
        #expect(try stored() == lines(at(9, 0), at(10, 0), at(10, 1), at(10, 1, 1)))
    }

    @Test func refusesPathsThatAreNotDatabases() async throws {
        await expectFailure(.missingFolder) { try await open(path: folder.path("no/out.db")) }
        await expectFailure(.unusablePath, "folder") { try await open(path: folder.path) }
        try folder.write("text", Array(String(repeating: "hello ", count: 1000).utf8))
        await expectFailure(.notOurs, "not a SQLite database") { try await open(path: folder.path("text")) }
    }

    @Test(arguments: [
        at(0, 0), at(1, 2, 3), at(.max >> 1, .max >> 2, .max), at(7, Cursor.commitIndex, .max),
        at(7, Cursor.commitIndex),
    ])
    func cursorsSurviveStorage(cursor: Cursor) {
        #expect(StoredCursor(cursor).cursor == cursor)
    }
}
