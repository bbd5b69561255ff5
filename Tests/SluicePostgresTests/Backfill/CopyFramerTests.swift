import Testing

@testable import SluicePostgres

/// Pages that a framer takes into the stream.
@Suite struct CopyFramerTests {
    private static let oid: UInt32 = 16_384

    private func framer(start: Cursor? = nil, past: [CopyJournal.PastRun] = []) -> StreamFramer {
        StreamFramer(
            discardThrough: start,
            intake: CopyIntake(journal: CopyJournal(run: 2, past: past), start: start, limit: 1 << 20)
        )
    }

    private func page(_ keys: [String], snapshot: String, number: Int64 = 1, position: UInt64? = nil) throws -> Page {
        var rows = PageRows()
        for key in keys {
            key.utf8.withContiguousStorageIfAvailable { bytes in
                rows.append(table: Self.oid, [UnsafeRawBufferPointer(bytes)], key: RowKey([key]))
            }
        }
        return Page(
            number: number,
            relation: Relation(
                oid: Self.oid,
                schema: "public",
                name: "t",
                replicaIdentity: UInt8(ascii: "d"),
                columns: [Column(name: "a", typeOID: 25, typeModifier: -1, isIdentity: true)]
            ),
            snapshot: try #require(TransactionSnapshot(snapshot)),
            rows: rows,
            isLast: false,
            position: position.map { LSN(rawValue: $0) },
            time: 5
        )
    }

    private func watermark(_ page: Page, run: Int64 = 2) -> [UInt8] {
        Frames.logicalMessage(Watermark.prefix, page.watermark(run: run).content)
    }

    private func receive(_ frames: [[UInt8]], _ framer: inout StreamFramer) throws {
        for frame in frames {
            _ = try frame.withUnsafeBytes { try framer.receive($0) }
            framer.admitPage()
            while framer.isCopying { _ = framer.copyNext() }
        }
    }

    /// What came out: where, and the first value of a row; a star marks what was read, `2+` an index of the second run.
    private func told(_ framer: inout StreamFramer) -> [String] {
        framer.take().map { change in
            let place = "\(change.cursor.commitLSN.rawValue):"
            let kind = change.batch.bytes[Int(change.offset)]
            let run = change.index >> 32
            let index = run == 0 ? "\(change.index)" : "\(run)+\(change.index & 0xFFFF_FFFF)"
            if kind == PgOutput.Kind.commit.rawValue {
                return place + (change.index == Cursor.commitIndex ? "end" : "\(index) end")
            }
            let bytes = change.batch.bytes[Int(change.offset)..<Int(change.offset + change.length)]
            return place + "\(index) " + String(decoding: bytes.suffix(1), as: UTF8.self)
                + (change.batch.isCopy ? "*" : "")
        }
    }

    @Test(
        "I85: rows that were changed or deleted between snapshot and watermark are left out; cursors keep their places"
    )
    func staleRows() throws {
        var framer = framer()
        framer.follow([.watch(WatchedTable(oid: Self.oid, key: ["a"]))])
        let page = try page(["p", "q", "r", "s"], snapshot: "8:9:8")
        try receive(
            [
                Frames.relation(),
                // Not seen by the snapshot: 8 was running, 9 had not begun.
                Frames.begin(100, xid: 8), Frames.delete("q"), Frames.commit(100, end: 110),
                Frames.begin(120, xid: 9), Frames.delete("r"), Frames.commit(120, end: 130),
                // Seen.
                Frames.begin(140, xid: 7), Frames.delete("s"), Frames.commit(140, end: 150),
            ],
            &framer
        )
        framer.follow([.page(page)])
        try receive([Frames.begin(200, xid: 10), watermark(page), Frames.commit(200, end: 210)], &framer)
        let events = told(&framer)
        #expect(events.suffix(3) == ["200:0 p*", "200:3 s*", "200:end"])
        let copied = framer.takeCopied()
        #expect(copied.map(\.lastKey) == [RowKey(["s"])])
        #expect(copied.map(\.rows) == [2])
        #expect(copied.first?.through == Cursor(commitLSN: LSN(rawValue: 200), index: 3))
    }

    @Test("I90: the session is lost within a page: the next one brings the rest, nothing twice")
    func lostWithinThePage() throws {
        var framer = framer()
        framer.follow([.watch(WatchedTable(oid: Self.oid, key: ["a"]))])
        let page = try page(["p", "q", "r"], snapshot: "9:9:")
        framer.follow([.page(page)])
        for frame in [Frames.begin(200, xid: 10), watermark(page)] {
            _ = try frame.withUnsafeBytes { try framer.receive($0) }
        }
        framer.admitPage()
        _ = framer.copyNext()
        _ = framer.copyNext()
        var events = told(&framer)
        #expect(events == ["200:0 p*", "200:1 q*"])
        framer.sessionRestarted()
        try receive([Frames.begin(200, xid: 10), watermark(page), Frames.commit(200, end: 210)], &framer)
        events = told(&framer)
        #expect(events == ["200:2 r*", "200:end"])
        let copied = framer.takeCopied()
        #expect(copied.map(\.rows) == [3])
    }

    @Test("I90: a watermark that was written again is of no more use")
    func watermarkTwice() throws {
        var framer = framer()
        let page = try page(["p"], snapshot: "9:9:")
        framer.follow([.page(page)])
        try receive([Frames.begin(200, xid: 10), watermark(page), Frames.commit(200, end: 210)], &framer)
        try receive([Frames.begin(220, xid: 11), watermark(page), Frames.commit(220, end: 230)], &framer)
        let events = told(&framer)
        #expect(events == ["200:0 p*", "200:end", "220:end"])
    }

    @Test("I83: watermarks of the run before tell how far the sink is, and their pages are not taken in")
    func found() throws {
        let start = Cursor(commitLSN: LSN(rawValue: 300), index: 1)
        var framer = framer(start: start, past: [CopyJournal.PastRun(number: 1, end: start)])
        let first = try page(["p", "q"], snapshot: "9:9:")
        let second = try page(["r", "s", "t"], snapshot: "9:9:", number: 2)
        let third = try page(["u"], snapshot: "9:9:", number: 3)
        try receive([Frames.begin(200, xid: 10), watermark(first, run: 1), Frames.commit(200, end: 210)], &framer)
        try receive([Frames.begin(300, xid: 11), watermark(second, run: 1), Frames.commit(300, end: 310)], &framer)
        try receive([Frames.begin(400, xid: 12), watermark(third, run: 1), Frames.commit(400, end: 410)], &framer)
        let copied = framer.takeCopied()
        #expect(copied.map(\.lastKey) == [RowKey(["q"]), RowKey(["s"])])
        let events = told(&framer)
        #expect(events == ["300:end", "400:end"])
        var reports: [String] = []
        for report in framer.takeReports() {
            switch report {
            case .found: reports.append("found")
            case .pastStart: reports.append("past")
            default: reports.append("other")
            }
        }
        #expect(reports == ["found", "found", "past"])
    }

    @Test func aPageThatCannotBeComparedHaltsTheStreamUntilThatIsNoted() throws {
        var framer = framer()
        try receive([Frames.begin(100, xid: 8), Frames.commit(100, end: 110)], &framer)
        framer.follow([.watch(WatchedTable(oid: Self.oid, key: ["a"]))])
        let page = try page(["p"], snapshot: "8:9:8")
        framer.follow([.page(page)])
        try receive([Frames.begin(200, xid: 10), watermark(page)], &framer)
        var isHalted = framer.isHalted
        #expect(isHalted)
        framer.follow([.goOn(run: 3)])
        isHalted = framer.isHalted
        #expect(!isHalted)
        try receive([Frames.commit(200, end: 210)], &framer)
        let events = told(&framer)
        #expect(events == ["100:end", "200:end"])
    }

    @Test("I82: a row whose update leaves a large value out is read again, but not for ever")
    func largeValues() throws {
        var framer = framer()
        framer.follow([.watch(WatchedTable(oid: Self.oid, key: ["a"]))])
        try receive([Frames.relation(columns: ["a", "big"])], &framer)
        for attempt: UInt64 in 1...6 {
            let run = Int64(attempt) + 1
            let place = attempt * 100
            try receive(
                [
                    Frames.begin(place, xid: 8), Frames.updateWithHole("p"), Frames.commit(place, end: place + 10),
                ],
                &framer
            )
            let page = try page(["p", "q"], snapshot: "8:9:8", number: run)
            framer.follow([.page(page)])
            try receive([Frames.begin(place + 20, xid: 10), watermark(page, run: run)], &framer)
            let isHalted = framer.isHalted
            #expect(isHalted == (attempt < 6))
            framer.follow([.goOn(run: run + 1)])
            try receive([Frames.commit(place + 20, end: place + 30)], &framer)
        }
        let events = told(&framer)
        #expect(events.filter { $0.hasSuffix("*") } == ["620:1 q*"])
    }

    @Test("I82: without watermarks a page stands between two transactions, at or above its position")
    func byPosition() throws {
        var framer = framer()
        let page = try page(["p"], snapshot: "9:9:", position: 150)
        try receive([Frames.relation(), Frames.begin(100), Frames.insert("x"), Frames.commit(100, end: 110)], &framer)
        framer.follow([.page(page)])
        try receive([Frames.begin(120), Frames.insert("y"), Frames.commit(120, end: 130)], &framer)
        var events = told(&framer)
        #expect(events == ["100:0 x", "100:end", "120:0 y", "120:end"])
        try receive([Frames.begin(160), Frames.insert("z"), Frames.commit(160, end: 170)], &framer)
        events = told(&framer)
        #expect(events == ["149:2+0 p*", "149:2+1 end", "160:0 z", "160:end"])
        var safe = SafePosition()
        for fact in framer.takeFacts() { safe.record(fact) }
        safe.acknowledge(through: 3)
        #expect(safe.position == LSN(rawValue: 149))
        safe.acknowledge(through: 5)
        #expect(safe.position == LSN(rawValue: 160))
    }

    @Test func aKeepaliveIsEnoughForAPageWithoutAWatermark() throws {
        var framer = framer()
        framer.follow([.page(try page(["p", "q"], snapshot: "9:9:", position: 150))])
        try receive([Frames.keepalive(140)], &framer)
        var events = told(&framer)
        #expect(events.isEmpty)
        try receive([Frames.keepalive(180)], &framer)
        events = told(&framer)
        #expect(events == ["179:2+0 p*", "179:2+1 q*", "179:2+2 end"])
    }

    @Test("I82: while the log does not grow, pages without watermarks follow each other in one place")
    func idle() throws {
        var framer = framer()
        try receive([Frames.keepalive(180)], &framer)
        for (number, keys) in [["p", "q"], [], ["r"]].enumerated() {
            framer.follow([.page(try page(keys, snapshot: "9:9:", number: Int64(number), position: 180))])
            try receive([Frames.keepalive(180)], &framer)
        }
        let events = told(&framer)
        #expect(events == ["179:2+0 p*", "179:2+1 q*", "179:2+2 end", "179:2+4 end", "179:2+5 r*", "179:2+6 end"])
        let copied = framer.takeCopied()
        #expect(copied.map { $0.through.index & 0xFFFF_FFFF } == [1, 3, 5])
    }

    @Test("I83: a start in the place where the last one ended loses no row and tells none as another")
    func idleStart() throws {
        let start = Cursor(commitLSN: LSN(rawValue: 179), index: 1 << 32 + 1)
        var framer = framer(start: start)
        framer.follow([.page(try page(["q", "r"], snapshot: "9:9:", position: 180))])
        try receive([Frames.keepalive(180)], &framer)
        let events = told(&framer)
        #expect(events == ["179:2+0 q*", "179:2+1 r*", "179:2+2 end"])
    }

    @Test("I83: without the state file a sink's own place is enough to go on behind it")
    func forgottenRuns() throws {
        let start = Cursor(commitLSN: LSN(rawValue: 179), index: 7 << 32 + 4)
        var framer = framer(start: start)
        framer.follow([.page(try page(["q"], snapshot: "9:9:", position: 180))])
        try receive([Frames.keepalive(180)], &framer)
        let events = told(&framer)
        #expect(events == ["179:7+5 q*", "179:7+6 end"])
    }

    @Test("I90: the session is lost within a page without a watermark: its rest comes in the same place")
    func lostWithoutWatermark() throws {
        var framer = framer()
        framer.follow([.page(try page(["p", "q", "r"], snapshot: "9:9:", position: 150))])
        _ = try Frames.keepalive(180).withUnsafeBytes { try framer.receive($0) }
        framer.admitPage()
        _ = framer.copyNext()
        framer.sessionRestarted()
        try receive([Frames.keepalive(170), Frames.keepalive(200)], &framer)
        let events = told(&framer)
        #expect(events == ["179:2+0 p*", "179:2+1 q*", "179:2+2 r*", "179:2+3 end"])
    }
}

extension Frames {
    static func logicalMessage(_ prefix: String, _ content: String) -> [UInt8] {
        data(
            [UInt8(ascii: "M"), 1] + big(UInt64(0)) + Array(prefix.utf8) + [0] + big(UInt32(content.utf8.count))
                + Array(content.utf8)
        )
    }

    static func relation(oid: UInt32 = 16_384, columns: [String]) -> [UInt8] {
        let described = columns.flatMap { name -> [UInt8] in
            [name == columns[0] ? 1 : 0] + Array(name.utf8) + [0] + big(UInt32(25)) + big(UInt32.max)
        }
        return data(
            [UInt8(ascii: "R")] + big(oid) + Array("public".utf8) + [0] + Array("t".utf8) + [0, UInt8(ascii: "d")]
                + big(UInt16(columns.count)) + described
        )
    }

    /// An update of a row with the key in its first column, which leaves the second one out.
    static func updateWithHole(_ text: String, oid: UInt32 = 16_384) -> [UInt8] {
        let key = [UInt8(ascii: "t")] + big(UInt32(text.utf8.count)) + Array(text.utf8)
        return data([UInt8(ascii: "U")] + big(oid) + [UInt8(ascii: "N")] + big(UInt16(2)) + key + [UInt8(ascii: "u")])
    }

    static func delete(_ text: String, oid: UInt32 = 16_384) -> [UInt8] {
        let tuple = big(UInt16(1)) + [UInt8(ascii: "t")] + big(UInt32(text.utf8.count)) + Array(text.utf8)
        return data([UInt8(ascii: "D")] + big(oid) + [UInt8(ascii: "K")] + tuple)
    }
}
