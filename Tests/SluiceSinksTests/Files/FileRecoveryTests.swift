import Foundation
import SinkTesting
import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct FileRecoveryTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path("out") }

    init() throws {
        folder = try TemporaryFolder()
    }

    private func open(_ remembered: SinkPosition?) async throws -> SinkOpening {
        let sink = FileSink(path: path)
        do {
            let opening = try await sink.open(for: shop, remembered: remembered)
            await sink.close()
            return opening
        } catch {
            await sink.close()
            throw error
        }
    }

    /// A file with one remembered row, `(10, 0)`, and a remembered commit.
    private func prepare() async throws -> SinkPosition {
        let sink = FileSink(path: path)
        _ = try await sink.open(for: shop, remembered: nil)
        let position = try await sink.deliver(changes(.row(10, 0), .commit(10)))
        await sink.close()
        return position
    }

    @Test(arguments: [true, false])
    func keepsTheLongestGoodRunWhereverItIsCut(hasState: Bool) async throws {
        let position = try await prepare()
        let head = Array(lines(at(10, 0)).utf8)
        let tail = [at(20, 0), at(20, 1), at(20, 1, 1), at(30, 0)]
        let whole = head + Array(tail.map { line($0) }.joined().utf8)
        for length in head.count...whole.count {
            try folder.write("out", whole[..<length])
            let opening = try await open(hasState ? position : nil)
            var kept: [Cursor] = []
            for cursor in tail where (head + (kept + [cursor]).flatMap { Array(line($0).utf8) }).count <= length {
                kept.append(cursor)
            }
            let expected = head + kept.flatMap { Array(line($0).utf8) }
            #expect(try folder.read("out") == String(decoding: expected, as: UTF8.self), "\(length)")
            #expect(opening.position.cursor == kept.last ?? (hasState ? position.cursor : at(10, 0)), "\(length)")
            #expect(opening.notices.isEmpty == (length == expected.count), "\(length)")
        }
    }

    @Test(arguments: [
        "garbage\n", "\n", "{}\n", #"{"a":1}"# + "\n", String(repeating: "\0", count: 5000),
        String(line(at(20, 0)).dropLast(20)) + String(repeating: "\0", count: 5000) + "\n" + line(at(30, 0)),
        lines(at(10, 0)), lines(at(9, 7)), lines(at(10, Cursor.commitIndex)), "[" + line(at(20, 0)),
    ])
    func cutsWhatIsNotAnAscendingMessage(garbage: String) async throws {
        let position = try await prepare()
        let head = lines(at(10, 0))
        for good in [lines(), lines(at(15, 0)), lines(at(15, 0), at(16, 0))] {
            try folder.write("out", Array((head + good + garbage).utf8))
            let opening = try await open(position)
            #expect(try folder.read("out") == head + good)
            #expect(opening.notices.count == 1 && opening.notices[0].contains("\(garbage.utf8.count) bytes"))
        }
    }

    @Test func goesOnInsideAChange() async throws {
        let position = try await prepare()
        try folder.write("out", Array(lines(at(10, 0), at(20, 0), at(20, 0, 1)).utf8))
        // Killed again before the rest came: what is remembered then is the position inside.
        let found = try await open(position)
        #expect(found.position.cursor == at(20, 0, 1) && found.mayEndInsideChange)
        let sink = FileSink(path: path)
        let opening = try await sink.open(for: shop, remembered: found.position)
        #expect(opening.position.cursor == at(20, 0, 1) && opening.mayEndInsideChange)
        _ = try await sink.deliver(changes(.row(10, 0), .rows(20, 0, count: 4), .row(20, 1)))
        await sink.close()
        #expect(
            try folder.read("out")
                == lines(at(10, 0), at(20, 0), at(20, 0, 1), at(20, 0, 2), at(20, 0, 3), at(20, 1))
        )
    }

    @Test func readsLinesLongerThanOnePiece() async throws {
        let position = try await prepare()
        let long = line(at(20, 0), note: String(repeating: "x", count: 3 << 20))
        try folder.write("out", Array((lines(at(10, 0)) + long + line(at(20, 1)) + long).utf8))
        #expect(try await open(position).position.cursor == at(20, 1))
        #expect(try folder.read("out") == lines(at(10, 0)) + long + line(at(20, 1)))
    }

    @Test func stopsAtAShorterFile() async throws {
        let position = try await prepare()
        try folder.write("out", Array(lines(at(10, 0)).utf8.dropLast()))
        await expectFailure(.changedOutside, path, "removed", "Put the original back") { try await open(position) }
        #expect(try folder.read("out") == String(lines(at(10, 0)).dropLast()))
    }

    @Test func stopsAtAnotherFile() async throws {
        let position = try await prepare()
        try FileManager.default.copyItem(atPath: path, toPath: folder.path("copy"))
        try FileManager.default.removeItem(atPath: path)
        // The number of a deleted file may be given out again; this one keeps it from that.
        try folder.write("between", [])
        try FileManager.default.moveItem(atPath: folder.path("copy"), toPath: path)
        await expectFailure(.changedOutside, "another file", "move this file away") { try await open(position) }
    }

    @Test func stopsAtAnEditedFile() async throws {
        let position = try await prepare()
        try folder.write("out", Array((lines(at(10, 0)).dropLast() + " " + lines(at(20, 0))).utf8))
        await expectFailure(.changedOutside, path) { try await open(position) }
    }

    @Test func startsAnewAfterARotation() async throws {
        let position = try await prepare()
        try FileManager.default.moveItem(atPath: path, toPath: folder.path("out.1"))
        let sink = FileSink(path: path)
        let opening = try await sink.open(for: shop, remembered: position)
        #expect(opening.position.cursor == position.cursor)
        #expect(opening.notices.count == 1 && opening.notices[0].contains("rotation"))
        let next = try await sink.deliver(changes(.row(10, 0), .row(20, 0)))
        await sink.close()
        #expect(try folder.read("out") == lines(at(20, 0)))
        #expect(try await open(next).position == next)
    }

    @Test(arguments: [
        "hello\n", "{}\n", "hello", "\n", String(lines(at(10, 0)).dropLast()), "\0\0\0", #"{"mine":1}"#,
    ])
    func leavesAFileOfSomebodyElse(content: String) async throws {
        try folder.write("out", Array(content.utf8))
        await expectFailure(.notOurs, path) { try await open(nil) }
        #expect(try folder.read("out") == content)
    }

    @Test func cutsNoWholeLinesWithoutAState() async throws {
        let content = lines(at(10, 0)) + "broken\n" + lines(at(20, 0))
        try folder.write("out", Array(content.utf8))
        await expectFailure(.corrupt, "byte \(lines(at(10, 0)).utf8.count)") { try await open(nil) }
        #expect(try folder.read("out") == content)
    }

    @Test func doesNotGuessAtAMarkItCannotRead() async throws {
        try folder.write("out", Array(lines(at(10, 0)).utf8))
        await expectFailure(.corrupt, "state file") { try await open(SinkPosition(cursor: at(10, 0), mark: "?")) }
    }

    @Test func takesAnEmptyFile() async throws {
        try folder.write("out", [])
        #expect(try await open(nil).position.cursor == nil)
    }

    @Test func refusesPathsThatAreNotFiles() async throws {
        await expectFailure(.missingFolder, "Create the folder") {
            try await FileSink(path: folder.path("no/out")).open(for: shop, remembered: nil)
        }
        await expectFailure(.unusablePath, "folder") {
            try await FileSink(path: folder.path).open(for: shop, remembered: nil)
        }
        try folder.write("out", [])
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: path)
        await expectFailure(.unusablePath, "symbolic link") {
            try await FileSink(path: folder.path("link")).open(for: shop, remembered: nil)
        }
        #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
        await expectFailure(.unusablePath, "not a regular file") {
            try await FileSink(path: folder.path("pipe")).open(for: shop, remembered: nil)
        }
        await expectFailure(.missingFolder) {
            try await FileSink(path: "\(path)/inside").open(for: shop, remembered: nil)
        }
    }

    @Test func explainsSystemErrors() {
        #expect(SinkError(opening: "/x", errno: EACCES).code == .noPermission)
        #expect(SinkError(opening: "/x", errno: EROFS).code == .noPermission)
        #expect(SinkError("write to", "/x", errno: ENOSPC).code == .noSpace)
        #expect(SinkError("write to", "/x", errno: EDQUOT).code == .noSpace)
        #expect(SinkError("make durable", "/x", errno: EIO).code == .inputOutput)
    }
}
