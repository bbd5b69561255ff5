import Glibc
import Testing

@testable import SluicePostgres

@Suite("The reader, with a scripted server that sends open transactions", .timeLimit(.minutes(5)))
struct SpoolingReaderTests {
    private let server = ScriptedServer()
    private let progress = SlotProgress(startingAt: LSN(rawValue: 50))
    private let folder = SpoolFolder()

    private func makeReader(
        limit: Int = 1 << 30,
        _ change: (inout SlotReader.Configuration) -> Void = { _ in }
    ) -> SlotReader {
        var configuration = SlotReader.Configuration()
        configuration.spool = SpoolPlace(folder: folder.path, limit: limit)
        configuration.streamsOpenTransactions = true
        change(&configuration)
        let reader = SlotReader(configuration: configuration, progress: progress) { [server] in server.makeTransport() }
        reader.start()
        return reader
    }

    private func collect(_ count: Int, from reader: SlotReader, demand: Int = 100) async throws -> [RawChange] {
        var changes: [RawChange] = []
        while changes.count < count {
            guard let more = try await reader.next(min(demand, count - changes.count)) else { break }
            changes += more
        }
        return changes
    }

    /// A transaction of so many rows, in one block.
    private func block(_ xid: UInt32, rows: Int) -> [[UInt8]] {
        [Frames.streamStart(xid), Frames.streamed(xid, Frames.relation())]
            + (0..<rows).map { Frames.streamed(xid, Frames.insert("\($0)")) } + [Frames.streamStop]
    }

    private func text(_ change: RawChange) -> String {
        let bytes = change.batch.bytes[Int(change.offset)..<Int(change.offset + change.length)]
        return String(decoding: bytes.dropFirst(13), as: UTF8.self)
    }

    @Test("D35: a small transaction passes an open one, which comes after its commit, as demand allows")
    func passing() async throws {
        let reader = makeReader()
        for frame in block(7, rows: 5) { server.send(frame) }
        server.send(Frames.begin(100), Frames.relation(), Frames.insert("small"), Frames.commit(100, end: 110))
        #expect(try await collect(2, from: reader).map(\.index) == [0, Cursor.commitIndex])
        #expect(folder.files == ["transaction-7.spool"] && reader.snapshot.spooledBytes > 0)
        #expect(server.streams == [true])
        server.send(Frames.streamCommit(7, 120, end: 130), Frames.begin(140), Frames.insert("later"))
        let first = try await collect(3, from: reader, demand: 1)
        #expect(first.map(text) == ["0", "1", "2"])
        // The rest is in the file; what the server sends meanwhile is left where it is.
        let reads = server.reads
        server.send(Frames.commit(140, end: 150))
        let second = try await collect(2, from: reader, demand: 1)
        #expect(second.map(text) == ["3", "4"] && server.reads == reads)
        #expect(progress.safe == LSN(rawValue: 100))
        #expect(try await collect(3, from: reader).map(\.cursor.commitLSN.rawValue) == [120, 140, 140])
        #expect(folder.files == [] && reader.snapshot.spooledBytes == 0)
        await reader.stop()
    }

    @Test("statuses go on during a replay, and tell what has become durable")
    func statuses() async throws {
        let reader = makeReader { $0.walSenderTimeout = 30 }
        for frame in block(7, rows: 3) { server.send(frame) }
        server.send(Frames.streamCommit(7, 120, end: 130))
        #expect(try await reader.next(1)?.count == 1)
        let count = server.statuses.count
        progress.madeDurable(LSN(rawValue: 60))
        while server.statuses.last?.flush != 60 || server.statuses.count < count + 3 { await Task.yield() }
        #expect(server.statuses.allSatisfy { !$0.wantsReply }, "an answer would not be read")
        #expect(try await collect(3, from: reader).last?.index == Cursor.commitIndex)
        await reader.stop()
    }

    @Test("a session that is lost during a replay is followed by another when that is over, without repetition")
    func lostDuringReplay() async throws {
        let reader = makeReader { $0.maxPause = .milliseconds(1) }
        let frames = block(7, rows: 3) + [Frames.streamCommit(7, 120, end: 130)]
        for frame in frames { server.send(frame) }
        #expect(try await reader.next(1)?.map(text) == ["0"])
        // The socket was not read for longer than it may be.
        while reader.snapshot.state != .pausedNoDemand || server.closes == 0 { await Task.yield() }
        #expect(try await collect(2, from: reader, demand: 1).map(text) == ["1", "2"])
        #expect(server.starts.count == 1)
        async let rest = collect(2, from: reader)
        while server.starts.count < 2 { await Task.yield() }
        for frame in frames { server.send(frame) }
        server.send(Frames.begin(140), Frames.insert("later"))
        let changes = try await rest
        #expect(changes.map(\.cursor.commitLSN.rawValue) == [120, 140] && changes.map(\.sequence) == [3, 4])
        await reader.stop()
    }

    @Test("a spool that is full is given up: the next session does without, and nothing is lost")
    func full() async throws {
        let reader = makeReader(limit: 200)
        server.send(Frames.begin(100), Frames.relation(), Frames.insert(), Frames.commit(100, end: 110))
        for frame in block(7, rows: 20) { server.send(frame) }
        async let changes = collect(6, from: reader)
        while server.starts.count < 2 { await Task.yield() }
        #expect(folder.files == [])
        server.send(Frames.begin(100), Frames.relation(), Frames.insert(), Frames.commit(100, end: 110))
        server.send(Frames.begin(120), Frames.insert("0"), Frames.insert("1"), Frames.commit(120, end: 130))
        server.send(Frames.begin(140), Frames.insert("later"))
        #expect(try await changes.map(\.sequence) == Array(0..<6))
        #expect(server.streams == [true, false])
        #expect(reader.snapshot.streamingFailure?.message.contains(folder.path) == true)
        await reader.stop()
    }

    @Test("an error of the server's own in decoding what is open: the next session does without; a second one is told")
    func serverError() async throws {
        let reader = makeReader()
        let error = ReplicationError(.server, "The test could not map a filenode.", sqlState: "XX000")
        for frame in block(7, rows: 20) { server.send(frame) }
        server.send(Frames.begin(100), Frames.commit(100, end: 110))
        #expect(try await reader.next(1)?.count == 1)
        server.breakSession(error)
        async let changes = collect(2, from: reader)
        while server.starts.count < 2 { await Task.yield() }
        #expect(folder.files == [])
        server.send(Frames.begin(120), Frames.relation(), Frames.insert(), Frames.commit(120, end: 130))
        #expect(try await changes.map(\.sequence) == [1, 2])
        #expect(server.streams == [true, false])
        #expect(reader.snapshot.streamingFailure?.sqlState == "XX000")
        server.breakSession(error)
        let thrown = await #expect(throws: ReplicationError.self) { try await reader.next(1) }
        #expect(thrown?.sqlState == "XX000")
        await reader.stop()
    }

    @Test("a file that cannot be read is given up in the middle of a replay, and the server sends the rest")
    func damaged() async throws {
        let reader = makeReader()
        let long = String(repeating: "x", count: 200_000)
        server.send(Frames.streamStart(7), Frames.streamed(7, Frames.relation()))
        for _ in 0..<4 { server.send(Frames.streamed(7, Frames.insert(long))) }
        server.send(Frames.streamStop, Frames.streamStart(8), Frames.streamed(8, Frames.insert()), Frames.streamStop)
        server.send(Frames.begin(100), Frames.commit(100, end: 110))
        #expect(try await reader.next(1)?.count == 1)
        truncate("\(folder.path)/transaction-7.spool", 300_000)
        server.send(Frames.streamCommit(7, 120, end: 130))
        #expect(try await reader.next(1)?.map(\.sequence) == [1])
        async let rest = collect(4, from: reader)
        while server.starts.count < 2 { await Task.yield() }
        server.send(Frames.begin(120), Frames.relation())
        for _ in 0..<4 { server.send(Frames.insert(long)) }
        server.send(Frames.commit(120, end: 130))
        let changes = try await rest
        #expect(changes.map(\.sequence) == [2, 3, 4, 5])
        #expect(changes.map(\.index) == [1, 2, 3, Cursor.commitIndex])
        #expect(server.streams == [true, false] && folder.files == [])
        await reader.stop()
    }

    @Test("D38: what a session kept is thrown away when it ends, and what a process left when the next one starts")
    func leftover() async throws {
        mkdir(folder.path, 0o700)
        folder.write("transaction-5.spool")
        let reader = makeReader()
        for frame in block(7, rows: 2) { server.send(frame) }
        server.send(Frames.begin(100), Frames.commit(100, end: 110))
        #expect(try await reader.next(1)?.count == 1)
        #expect(folder.files == ["transaction-7.spool"])
        server.breakSession(ReplicationError(.connectionLost, "The test broke it."))
        async let rest = collect(3, from: reader)
        while server.starts.count < 2 { await Task.yield() }
        for frame in block(8, rows: 2) { server.send(frame) }
        server.send(Frames.streamCommit(8, 120, end: 130))
        #expect(try await rest.map(\.sequence) == [1, 2, 3])
        for frame in block(9, rows: 2) { server.send(frame) }
        server.send(Frames.begin(140), Frames.commit(140, end: 150))
        #expect(try await reader.next(1)?.count == 1)
        #expect(folder.files == ["transaction-9.spool"])
        await reader.stop()
        #expect(folder.files == [])
    }
}
