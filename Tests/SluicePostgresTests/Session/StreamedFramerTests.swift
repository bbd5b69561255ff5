import SluiceTesting
import Testing

@testable import SluicePostgres

@Suite("The framer, with transactions that are sent while they are open")
struct StreamedFramerTests {
    private func told(_ framer: inout SpooledFramer) -> [Told] { framer.framer.take().map(Told.init) }

    private func plain(_ frames: [UInt8]...) throws -> [Told] {
        var framer = SpooledFramer()
        for frame in frames { try framer.feed(frame) }
        return told(&framer)
    }

    @Test("nothing before its end; then the events are those of a transaction that was sent after its commit")
    func committed() throws {
        var framer = SpooledFramer()
        try framer.feed(Frames.streamStart(7), Frames.origin(), Frames.streamed(7, Frames.relation()))
        try framer.feed(Frames.streamed(7, Frames.insert("a")), Frames.streamed(8, Frames.insert("b")))
        try framer.feed(Frames.streamStop, Frames.streamStart(7, first: false), Frames.origin())
        try framer.feed(Frames.streamed(7, Frames.insert("c")), Frames.streamStop)
        #expect(framer.framer.count == 0 && framer.framer.takeFacts().isEmpty)
        #expect(framer.framer.isInTransaction && framer.framer.openStreams == 1)
        try framer.feed(Frames.streamCommit(7, 100, end: 110))
        #expect(
            framer.framer.takeFacts() == [
                .began(commitLSN: LSN(rawValue: 100), commitTime: 5),
                .committed(endLSN: LSN(rawValue: 110), sequence: 3),
            ]
        )
        let changes = framer.framer.take()
        #expect(changes.map { $0.batch.transactions[Int($0.transaction)].xid } == [7, 7, 7, 7])
        #expect(
            try changes.map(Told.init)
                == plain(
                    Frames.begin(100),
                    Frames.relation(),
                    Frames.insert("a"),
                    Frames.insert("b"),
                    Frames.insert("c"),
                    Frames.commit(100, end: 110)
                )
        )
        #expect(!framer.framer.isInTransaction && framer.kept == [])
    }

    @Test("a keepalive while transactions are open moves the safe position, and their ends count when they come")
    func safePosition() throws {
        var framer = SpooledFramer()
        var tracker = SafePosition(startingAt: LSN(rawValue: 50))
        try framer.feed(Frames.streamStart(7), Frames.streamed(7, Frames.relation()), Frames.keepalive(70))
        try framer.feed(Frames.streamed(7, Frames.insert()), Frames.streamStop, Frames.keepalive(90))
        for fact in framer.framer.takeFacts() { tracker.record(fact) }
        #expect(tracker.position == LSN(rawValue: 90) && tracker.isIdle)
        try framer.feed(Frames.streamCommit(7, 100, end: 110), Frames.keepalive(120))
        for fact in framer.framer.takeFacts() { tracker.record(fact) }
        #expect(tracker.position == LSN(rawValue: 100) && !tracker.isIdle)
        tracker.acknowledge(through: 1)
        #expect(tracker.position == LSN(rawValue: 120))
    }

    @Test("D36: a transaction that is rolled back leaves nothing, and the next takes no other numbers")
    func aborted() throws {
        var framer = SpooledFramer()
        try framer.feed(Frames.streamStart(7), Frames.streamed(7, Frames.relation(column: "gone")))
        try framer.feed(Frames.streamed(7, Frames.insert()), Frames.streamStop)
        #expect(framer.kept == [7])
        try framer.feed(Frames.streamAbort(7, 7))
        #expect(framer.kept == [] && framer.framer.takeFacts().isEmpty)
        try framer.feed(Frames.begin(100), Frames.relation(), Frames.insert(), Frames.commit(100, end: 110))
        #expect(
            try told(&framer)
                == plain(Frames.begin(100), Frames.relation(), Frames.insert(), Frames.commit(100, end: 110))
        )
    }

    @Test("D37: indices count what survives, and a table described in a rolled back part stays described")
    func abortedPart() throws {
        var framer = SpooledFramer()
        try framer.feed(Frames.streamStart(7), Frames.streamed(9, Frames.relation()))
        try framer.feed(Frames.streamed(9, Frames.insert("gone")), Frames.streamStop, Frames.streamAbort(7, 9))
        try framer.feed(Frames.streamStart(7, first: false), Frames.streamed(10, Frames.insert("kept")))
        try framer.feed(Frames.streamed(11, Frames.insert("gone")), Frames.streamed(7, Frames.insert("kept")))
        try framer.feed(Frames.streamStop, Frames.streamAbort(7, 11), Frames.streamCommit(7, 100, end: 110))
        #expect(
            try told(&framer)
                == plain(
                    Frames.begin(100),
                    Frames.relation(),
                    Frames.insert("kept"),
                    Frames.insert("kept"),
                    Frames.commit(100, end: 110)
                )
        )
    }

    @Test("each transaction sees its own tables; at its end they are the session's, but never over later ones")
    func tables() throws {
        var framer = SpooledFramer()
        try framer.feed(
            Frames.begin(100),
            Frames.relation(column: "one"),
            Frames.insert(),
            Frames.commit(100, end: 110)
        )
        try framer.feed(Frames.streamStart(7), Frames.streamed(7, Frames.relation(column: "two")))
        try framer.feed(Frames.streamed(7, Frames.insert()), Frames.streamStop)
        // Another one still sees the table as it was.
        try framer.feed(Frames.begin(120), Frames.insert(), Frames.commit(120, end: 130))
        try framer.feed(Frames.streamStart(8), Frames.streamed(8, Frames.relation("u", oid: 5, column: "early")))
        try framer.feed(Frames.streamed(8, Frames.relation(column: "three")), Frames.streamed(8, Frames.insert()))
        try framer.feed(Frames.streamed(8, Frames.insert(oid: 5)), Frames.streamStop)
        try framer.feed(Frames.begin(140), Frames.relation("u", oid: 5, column: "late"), Frames.insert(oid: 5))
        try framer.feed(Frames.commit(140, end: 150), Frames.streamCommit(7, 160, end: 170))
        try framer.feed(Frames.begin(180), Frames.insert(), Frames.commit(180, end: 190))
        try framer.feed(
            Frames.streamCommit(8, 200, end: 210),
            Frames.begin(220),
            Frames.insert(),
            Frames.insert(oid: 5)
        )
        try framer.feed(Frames.commit(220, end: 230))
        let columns = told(&framer).filter { !$0.columns.isEmpty }.flatMap(\.columns)
        #expect(columns == ["one", "one", "late", "two", "two", "three", "early", "three", "late"])
    }

    @Test("an equal description keeps what is known of the table")
    func sameTable() throws {
        var framer = SpooledFramer()
        try framer.feed(Frames.begin(100), Frames.relation(), Frames.insert(), Frames.commit(100, end: 110))
        try framer.feed(Frames.streamStart(7), Frames.streamed(7, Frames.relation()))
        try framer.feed(Frames.streamed(7, Frames.insert()), Frames.streamStop, Frames.streamCommit(7, 120, end: 130))
        let relations = framer.framer.take().compactMap { $0.batch.relations[16_384] }
        #expect(relations.count == 4 && relations.allSatisfy { $0 === relations[0] })
    }

    @Test("drops what is at or below the bound, and keeps the tables that it brought", arguments: [0, 2])
    func bound(index: UInt64) throws {
        var framer = SpooledFramer(discardThrough: Cursor(commitLSN: LSN(rawValue: 100), index: index))
        try framer.feed(Frames.streamStart(7), Frames.streamed(7, Frames.relation()))
        for _ in 0..<2 { try framer.feed(Frames.streamed(7, Frames.insert())) }
        try framer.feed(Frames.streamStop, Frames.streamCommit(7, 100, end: 110))
        try framer.feed(Frames.begin(120), Frames.insert(), Frames.commit(120, end: 130))
        let changes = told(&framer)
        let end = "\(UInt64.max)"
        #expect(changes.map(\.cursor) == (index == 0 ? ["0/64:1"] : []) + ["0/64:\(end)", "0/78:0", "0/78:\(end)"])
        #expect(changes.map(\.sequence) == Array(0..<UInt64(changes.count)))
        #expect(changes[changes.count - 2].columns == ["a"])
    }

    @Test("finishes before a transaction that commits at the end that was asked for, or after it at its Commit")
    func until() throws {
        for (commitLSN, end, events) in [(150, 160, 0), (140, 150, 2)] as [(UInt64, UInt64, Int)] {
            var framer = SpooledFramer(until: LSN(rawValue: 150))
            try framer.feed(Frames.streamStart(7), Frames.streamed(7, Frames.relation()))
            try framer.feed(Frames.streamed(7, Frames.insert()), Frames.streamStop)
            try framer.receive(Frames.streamCommit(7, commitLSN, end: end))
            #expect(framer.framer.isFinished && framer.framer.count == events)
        }
        // A transaction that is still open is none of "everything up to now".
        var framer = SpooledFramer(until: LSN(rawValue: 150))
        try framer.feed(Frames.streamStart(7), Frames.streamed(7, Frames.relation()), Frames.streamStop)
        #expect(try framer.receive(Frames.keepalive(150)) == .finished)
    }

    @Test("a session that ends during a replay counts as ended when the replay has")
    func endsDuringReplay() throws {
        var framer = StreamFramer()
        func feed(_ frame: [UInt8]) throws -> StreamFramer.Outcome {
            try frame.withUnsafeBytes { try framer.receive($0) }
        }
        for frame in [Frames.streamStart(7), Frames.streamed(7, Frames.insert()), Frames.streamStop] {
            _ = try feed(frame)
        }
        _ = try feed(Frames.streamCommit(7, 100, end: 110))
        let isReplaying = framer.isReplaying
        #expect(isReplaying)
        framer.sessionRestarted()
        try Frames.relation()[XLogFrame.payloadOffset...].withUnsafeBytes { try framer.replay($0) }
        try Frames.insert()[XLogFrame.payloadOffset...].withUnsafeBytes { try framer.replay($0) }
        framer.endReplay()
        let changes = framer.take()
        #expect(changes.count == 2)
        // The next session sends it again, and its tables: nothing of that is new.
        for frame in [Frames.begin(100), Frames.insert(), Frames.commit(100, end: 110), Frames.begin(120)] {
            _ = try feed(frame)
        }
        _ = try feed(Frames.insert())
        let later = framer.take().map(Told.init)
        #expect(later.map(\.columns) == [["unknown"]])
    }

    @Test("a replay that is given up goes on where it was with the next session")
    func abandoned() throws {
        var framer = StreamFramer()
        func feed(_ frame: [UInt8]) throws { _ = try frame.withUnsafeBytes { try framer.receive($0) } }
        for frame in [Frames.streamStart(7), Frames.streamStop, Frames.streamCommit(7, 100, end: 110)] {
            try feed(frame)
        }
        try Frames.insert("a")[XLogFrame.payloadOffset...].withUnsafeBytes { try framer.replay($0) }
        framer.abandonReplay()
        framer.sessionRestarted()
        for frame in [Frames.begin(100), Frames.insert("a"), Frames.insert("b"), Frames.commit(100, end: 110)] {
            try feed(frame)
        }
        let changes = framer.take()
        #expect(changes.map(\.index) == [0, 1, Cursor.commitIndex] && changes.map(\.sequence) == [0, 1, 2])
    }

    @Test("random transactions come as if they were sent after their commits", arguments: 0..<300 as Range<UInt64>)
    func randomTransactions(seed: UInt64) throws {
        let workload = StreamedWorkload(seed: seed)
        var streamed = SpooledFramer()
        var plain = SpooledFramer()
        for frame in workload.streamed { try streamed.feed(frame) }
        for frame in workload.plain { try plain.feed(frame) }
        #expect(told(&streamed) == told(&plain))
        #expect(streamed.kept == [])
    }

    @Test("and so they do if the session breaks, wherever that is", arguments: 0..<300 as Range<UInt64>)
    func randomBreaks(seed: UInt64) throws {
        let workload = StreamedWorkload(seed: seed, steps: 60)
        var random = SeededGenerator(seed: seed)
        var streamed = SpooledFramer()
        var plain = SpooledFramer()
        var changes: [Told] = []
        for _ in 0..<3 {
            let end = Int.random(in: 0...workload.streamed.count, using: &random)
            for frame in workload.streamed.prefix(end) { try streamed.feed(frame) }
            if Bool.random(using: &random) { changes += told(&streamed) }
            streamed.sessionRestarted()
        }
        // The last session does without streaming, or not.
        let last = Bool.random(using: &random) ? workload.streamed : workload.plain
        for frame in last { try streamed.feed(frame) }
        for frame in workload.plain { try plain.feed(frame) }
        #expect(changes + told(&streamed) == told(&plain))
    }

    @Test("what breaks the protocol is an error, never a trap")
    func violations() throws {
        func failure(_ frames: [UInt8]...) -> ReplicationError.Code? {
            var framer = SpooledFramer()
            do {
                for frame in frames { try framer.feed(frame) }
                return nil
            } catch {
                return (error as? ReplicationError)?.code
            }
        }
        let start = Frames.streamStart(7)
        #expect(failure(Frames.streamStop) == .protocolViolation)
        #expect(failure(start, start) == .protocolViolation)
        #expect(failure(Frames.streamCommit(7, 1, end: 2)) == .protocolViolation)
        #expect(failure(Frames.streamStart(7, first: false)) == .protocolViolation)
        #expect(failure(start, Frames.begin(1)) == .protocolViolation)
        #expect(failure(start, Frames.commit(1, end: 2)) == .protocolViolation)
        #expect(failure(Frames.begin(1), start) == .protocolViolation)
        #expect(failure(Frames.begin(1), Frames.streamAbort(7, 7)) == .protocolViolation)
        let frames = [
            start, Frames.streamed(7, Frames.relation()), Frames.streamStop, Frames.streamAbort(7, 8),
            Frames.streamCommit(7, 1, end: 2),
        ]
        for (number, frame) in frames.enumerated() {
            for length in 0..<frame.count - (number == 1 ? 12 : 0) {
                var framer = SpooledFramer()
                #expect(throws: ReplicationError.self, "\(number), \(length)") {
                    for frame in frames.prefix(number) { try framer.feed(frame) }
                    try framer.feed(Array(frame.prefix(length)))
                    try framer.feed(Frames.streamStop, Frames.streamCommit(7, 1, end: 2))
                }
            }
        }
    }
}
