import Testing

@testable import SluicePostgres

@Suite("The framer")
struct StreamFramerTests {
    private func feed(_ framer: inout StreamFramer, _ frames: [UInt8]...) throws {
        for frame in frames { _ = try receive(&framer, frame) }
    }

    private func receive(_ framer: inout StreamFramer, _ frame: [UInt8]) throws -> StreamFramer.Outcome {
        try frame.withUnsafeBytes { try framer.receive($0) }
    }

    private func failure(after frames: [UInt8]...) -> ReplicationError.Code? {
        var framer = StreamFramer()
        do {
            for frame in frames { _ = try receive(&framer, frame) }
            return nil
        } catch {
            return (error as? ReplicationError)?.code
        }
    }

    @Test("numbers rows and Commits densely and gives them cursors")
    func numbers() throws {
        var framer = StreamFramer(firstSequence: 10)
        try feed(&framer, Frames.begin(100), Frames.relation(), Frames.insert(), Frames.insert("abc"))
        try feed(
            &framer,
            Frames.commit(100, end: 110),
            Frames.begin(200),
            Frames.insert(),
            Frames.commit(200, end: 210)
        )
        let changes = framer.take()
        #expect(changes.map(\.sequence) == [10, 11, 12, 13, 14])
        #expect(
            changes.map(\.cursor.description) == [
                "0/64:0", "0/64:1", "0/64:\(UInt64.max)", "0/C8:0", "0/C8:\(UInt64.max)",
            ]
        )
        let row = changes[1]
        let bytes = row.batch.bytes[Int(row.offset)..<Int(row.offset + row.length)]
        #expect(bytes.first == UInt8(ascii: "I") && bytes.suffix(3) == Array("abc".utf8)[...])
        let names = try #require(row.batch.relations[16_384]).plan.bytesBesideValues
        #expect(names > 0)
        let controls = bytes.count { $0 < 0x20 }
        #expect(row.cost == frameCost(length: Int(row.length), controls: controls, names: names))
        #expect(changes.allSatisfy { $0.batch === changes[0].batch })
        #expect(changes[0].batch.transactions.count == 2)
        #expect(changes[0].batch.relations[16_384]?.name == "t")
        #expect(framer.take().isEmpty && framer.cost == 0)
    }

    @Test("remembers the names of types for the tables that have them")
    func typeNames() throws {
        var framer = StreamFramer()
        let relation = WireBytes("R").integer(UInt32(16_384)).text("public").text("t").byte("d").integer(Int16(2))
            .integer(UInt8(1)).text("id").integer(UInt32(23)).integer(Int32(-1))
            .integer(UInt8(0)).text("m").integer(UInt32(16_400)).integer(Int32(-1))
        let other = WireBytes("Y").integer(UInt32(16_500)).text("public").text("other")
        try feed(&framer, Frames.begin(100), Frames.data(WireBytes.type.bytes), Frames.data(other.bytes))
        try feed(&framer, Frames.data(relation.bytes), Frames.insert(), Frames.commit(100, end: 110))
        let known = try #require(framer.take().first?.batch.relations[16_384]).typeNames
        #expect(known.count == 1 && known[16_400]?.schema == "public" && known[16_400]?.name == "mood")
    }

    @Test("tells positions in order")
    func facts() throws {
        var framer = StreamFramer()
        try feed(&framer, Frames.keepalive(90), Frames.begin(100), Frames.insert(), Frames.commit(100, end: 110))
        #expect(
            framer.takeFacts() == [
                .keepalive(walEnd: LSN(rawValue: 90)), .began(commitLSN: LSN(rawValue: 100), commitTime: 5),
                .committed(endLSN: LSN(rawValue: 110), sequence: 1),
            ]
        )
        #expect(framer.takeFacts().isEmpty)
        #expect(framer.received == LSN(rawValue: 110))
    }

    @Test("closes a batch when a relation changes, not when it is sent again as it was")
    func relations() throws {
        var framer = StreamFramer()
        try feed(&framer, Frames.begin(100), Frames.relation(), Frames.insert(), Frames.relation(), Frames.insert())
        try feed(&framer, Frames.relation(column: "b"), Frames.insert(), Frames.commit(100, end: 110))
        let changes = framer.take()
        #expect(changes[0].batch === changes[1].batch)
        #expect(changes[1].batch !== changes[2].batch)
        #expect(changes[0].batch.relations[16_384]?.columns.map(\.name) == ["a"])
        #expect(changes[2].batch.relations[16_384]?.columns.map(\.name) == ["b"])
        #expect(changes.map(\.sequence) == [0, 1, 2, 3])
        #expect(changes.map(\.cursor.commitLSN.rawValue) == [100, 100, 100, 100])
    }

    @Test("closes a batch when it is full")
    func fullBatch() throws {
        var framer = StreamFramer()
        try feed(&framer, Frames.begin(100), Frames.relation())
        for _ in 0...OpenBatch.maxEvents { try feed(&framer, Frames.insert()) }
        let changes = framer.take()
        #expect(changes[0].batch !== changes[OpenBatch.maxEvents].batch)
        #expect(changes.map(\.sequence) == Array(0...UInt64(OpenBatch.maxEvents)))
    }

    @Test("drops what is at or below the bound, and still counts it", arguments: [0, 1, 2])
    func bound(index: UInt64) throws {
        var framer = StreamFramer(discardThrough: Cursor(commitLSN: LSN(rawValue: 200), index: index))
        try feed(&framer, Frames.begin(100), Frames.insert(), Frames.commit(100, end: 110), Frames.begin(200))
        for _ in 0..<4 { try feed(&framer, Frames.insert()) }
        try feed(&framer, Frames.commit(200, end: 210))
        let changes = framer.take()
        #expect(changes.map(\.index) == Array((index + 1)..<4) + [Cursor.commitIndex])
        #expect(changes.map(\.sequence) == Array(0..<UInt64(changes.count)))
        #expect(
            framer.takeFacts() == [
                .committed(endLSN: LSN(rawValue: 110), sequence: nil),
                .began(commitLSN: LSN(rawValue: 200), commitTime: 5),
                .committed(endLSN: LSN(rawValue: 210), sequence: UInt64(changes.count - 1)),
            ]
        )
    }

    @Test("after a reconnect goes on where it was, wherever the session broke", arguments: 0...9)
    func reconnect(breaksAfter count: Int) throws {
        let frames = [
            Frames.begin(100), Frames.relation(), Frames.insert(), Frames.insert("b"), Frames.commit(100, end: 110),
            Frames.begin(200), Frames.insert("c"), Frames.insert("d"), Frames.commit(200, end: 210),
        ]
        var framer = StreamFramer()
        for frame in frames.prefix(count) { try feed(&framer, frame) }
        var changes = count % 2 == 0 ? framer.take() : []
        framer.sessionRestarted()
        for frame in frames { try feed(&framer, frame) }
        changes += framer.take()
        #expect(changes.map(\.sequence) == Array(0..<6))
        #expect(changes.map(\.index) == [0, 1, Cursor.commitIndex, 0, 1, Cursor.commitIndex])
        #expect(changes.dropFirst(3).allSatisfy { $0.batch.relations[16_384] != nil })
        var tracker = SafePosition()
        for fact in framer.takeFacts() { tracker.record(fact) }
        #expect(tracker.position == LSN(rawValue: 100))
        tracker.acknowledge(through: 5)
        #expect(tracker.position == LSN(rawValue: 210))
    }

    @Test("finishes at the end that was asked for, and delivers nothing above")
    func until() throws {
        var framer = StreamFramer(until: LSN(rawValue: 150))
        try feed(&framer, Frames.begin(100), Frames.insert(), Frames.commit(100, end: 110))
        #expect(try receive(&framer, Frames.keepalive(149)) == .none)
        #expect(try receive(&framer, Frames.begin(150)) == .finished)
        #expect(try receive(&framer, Frames.insert()) == .finished)
        #expect(framer.take().count == 2)

        var byKeepalive = StreamFramer(until: LSN(rawValue: 150))
        #expect(try receive(&byKeepalive, Frames.keepalive(150)) == .finished)
        var byCommit = StreamFramer(until: LSN(rawValue: 150))
        try feed(&byCommit, Frames.begin(140))
        #expect(try receive(&byCommit, Frames.commit(140, end: 150)) == .finished)
        #expect(byCommit.take().count == 1)
    }

    @Test("asks for a reply when the server does")
    func reply() throws {
        var framer = StreamFramer()
        #expect(try receive(&framer, Frames.keepalive(1, wantsReply: true)) == .replyRequested)
    }

    @Test("what breaks the protocol is an error, never a trap")
    func violations() {
        #expect(failure(after: Frames.insert()) == .protocolViolation)
        #expect(failure(after: Frames.commit(1, end: 2)) == .protocolViolation)
        #expect(failure(after: Frames.begin(1), Frames.commit(2, end: 3)) == .protocolViolation)
        #expect(failure(after: Frames.begin(1), Frames.begin(2)) == .protocolViolation)
        #expect(failure(after: Frames.message("S")) == .protocolViolation)
        #expect(failure(after: []) == .protocolViolation)
        #expect(failure(after: [1, 2]) == .protocolViolation)
        #expect(failure(after: Frames.message("O"), Frames.data(WireBytes.type.bytes), Frames.message("M")) == nil)
        #expect(failure(after: Frames.message("Y")) == .protocolViolation)
        for frame in [Frames.begin(1), Frames.relation(), Frames.keepalive(1)] {
            for length in 0..<frame.count {
                #expect(failure(after: Array(frame.prefix(length))) == .protocolViolation, "\(length)")
            }
        }
    }

    @Test("the cost of a huge row does not overflow")
    func cost() {
        #expect(frameCost(length: 100, controls: 0, names: 20) == 880)
        #expect(frameCost(length: 100, controls: 50, names: 20) == 1080)
        #expect(frameCost(length: 1 << 30, controls: 1, names: 0) == Int32.max)
    }

    @Test("control characters are counted wherever they are", arguments: 0...17)
    func controls(length: Int) {
        for place in 0..<length {
            var bytes = [UInt8](repeating: 0x20, count: length)
            for byte in [0, 0x1F, 0x20, 0x7F, 0xE0, 0xFF] as [UInt8] {
                bytes[place] = byte
                #expect(bytes.withUnsafeBytes(\.controlCharacters) == (byte < 0x20 ? 1 : 0))
            }
        }
        let all = [UInt8](repeating: 1, count: length)
        #expect(all.withUnsafeBytes(\.controlCharacters) == length)
    }
}
