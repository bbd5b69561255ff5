import Foundation
import SinkTesting
import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct FileSinkTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path("out") }

    init() throws {
        folder = try TemporaryFolder()
    }

    private func open(_ remembered: SinkPosition?) async throws -> (FileSink, SinkOpening) {
        let sink = FileSink(path: path)
        return (sink, try await sink.open(for: shop, remembered: remembered))
    }

    @Test func writesLinesInOrder() async throws {
        let (sink, opening) = try await open(nil)
        #expect(opening.position.cursor == nil && opening.notices.isEmpty && !opening.mayEndInsideChange)
        let first = try await sink.deliver(changes(.row(10, 0), .filtered(10, 1), .rows(10, 2, count: 2), .commit(10)))
        #expect(first.cursor == at(10, Cursor.commitIndex))
        #expect(FileMark(first.mark)?.length == UInt64(try folder.read("out").utf8.count))
        let second = try await sink.deliver(changes(.filtered(20, 0)))
        #expect(second == SinkPosition(cursor: at(20, 0), mark: first.mark))
        await sink.close()
        #expect(try folder.read("out") == lines(at(10, 0), at(10, 2), at(10, 2, 1)))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode.map { $0 & 0o600 } == 0o600 && mode.map { $0 & 0o133 } == 0)
    }

    @Test func goesOnExactlyOnceAfterEachBatch() async throws {
        let stream = (1...6 as ClosedRange<UInt64>).map { changes(.row($0, 0), .rows($0, 1, count: 3), .commit($0)) }
        var position: SinkPosition?
        for number in stream.indices {
            // The state is one batch old, and the source sends everything again from the start.
            let (sink, _) = try await open(position)
            position = try await sink.deliver(Array(stream[..<number].joined()))
            _ = try await sink.deliver(stream[number])
            await sink.close()
        }
        let expected = (1...6 as ClosedRange<UInt64>).map { lines(at($0, 0), at($0, 1), at($0, 1, 1), at($0, 1, 2)) }
        #expect(try folder.read("out") == expected.joined())
    }

    @Test func aHigherRememberedCursorWins() async throws {
        let (sink, _) = try await open(nil)
        let position = try await sink.deliver(changes(.row(10, 0), .filtered(10, 1), .commit(10)))
        await sink.close()
        let (again, opening) = try await open(position)
        #expect(opening == SinkOpening(position: position))
        await again.close()
        let (third, forgotten) = try await open(nil)
        #expect(forgotten.position == SinkPosition(cursor: at(10, 0), mark: position.mark))
        #expect(forgotten.mayEndInsideChange)
        await third.close()
    }

    @Test func aSecondProcessIsToldSo() async throws {
        let (sink, opening) = try await open(nil)
        await expectFailure(.inUse, path, "Another process") { try await open(opening.position) }
        await sink.close()
        let (again, _) = try await open(opening.position)
        await again.close()
    }

    @Test func forgettingTheSinkGivesTheLockBack() async throws {
        var (sink, opening): (FileSink?, SinkOpening) = try await open(nil)
        _ = try await sink?.deliver(changes(.row(1, 0)))
        sink = nil
        // The thread drops the file last; a second sink is made to wait for it by the lock's own error.
        var isFree = false
        for _ in 0..<10_000 where !isFree {
            isFree = (try? await open(opening.position)) != nil
            await Task.yield()
        }
        #expect(isFree)
    }

    @Test func stopsWhenSomethingElseWrites() async throws {
        let (sink, _) = try await open(nil)
        _ = try await sink.deliver(changes(.row(1, 0)))
        try folder.write("out", Array((line(at(1, 0)) + "mine\n").utf8))
        await expectFailure(.changedOutside, path) { try await sink.deliver(changes(.row(2, 0))) }
        await expectFailure(.notOpen, "open it anew") { try await sink.deliver(changes(.row(2, 0))) }
        await sink.close()
        #expect(try folder.read("out").hasSuffix("mine\n"))
    }

    @Test func stopsWhenTheFileIsDeleted() async throws {
        let (sink, _) = try await open(nil)
        try FileManager.default.removeItem(atPath: path)
        await expectFailure(.changedOutside, "deleted") { try await sink.deliver(changes(.row(2, 0))) }
        await sink.close()
    }

    @Test func writesNothingOfABatchOutOfOrder() async throws {
        let (sink, _) = try await open(nil)
        await expectFailure(.outOfOrder) { try await sink.deliver(changes(.row(2, 0), .row(1, 0))) }
        await sink.close()
        #expect(try folder.read("out").isEmpty)
    }

    @Test(arguments: [
        (at(10, 0), at(10, 0)), (at(10, 1), at(10, 1, 1)), (at(9, Cursor.commitIndex, .max), at(9, 5)),
        (at(30, 0), at(20, Cursor.commitIndex)),
    ])
    func rewinds(target: Cursor, lastKept: Cursor) async throws {
        let (sink, _) = try await open(nil)
        let all = changes(.row(9, 5), .row(10, 0), .rows(10, 1, count: 2), .row(20, 0), .commit(20))
        let full = try await sink.deliver(all)
        let position = try await sink.rewind(to: at(target.commitLSN.rawValue, target.index, .max))
        #expect(position.cursor == min(at(target.commitLSN.rawValue, target.index, .max), at(20, Cursor.commitIndex)))
        let kept = [at(9, 5), at(10, 0), at(10, 1), at(10, 1, 1), at(20, 0)].filter { $0 <= lastKept }
        #expect(try folder.read("out") == kept.map { line($0) }.joined())
        #expect(try await sink.deliver(all) == full)
        await sink.close()
        #expect(try folder.read("out") == lines(at(9, 5), at(10, 0), at(10, 1), at(10, 1, 1), at(20, 0)))
    }

    @Test func callsInTheWrongStateAreErrors() async throws {
        let sink = FileSink(path: path)
        await expectFailure(.notOpen) { try await sink.deliver([]) }
        _ = try await sink.open(for: shop, remembered: nil)
        await expectFailure(.notOpen, "make a new one") { try await sink.open(for: shop, remembered: nil) }
        await sink.close()
        await sink.close()
        await expectFailure(.notOpen, "closed") { try await sink.deliver([]) }
    }
}
