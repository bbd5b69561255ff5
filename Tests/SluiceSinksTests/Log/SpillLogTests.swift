import Foundation
import Sluice
import SluicePostgres
import SluiceTesting
import Testing

@testable import SluiceSinks

@Suite struct SpillLogTests {
    /// A log with what it needs around it.
    struct Bench {
        let folder: TemporaryFolder
        var budget = 1 << 30

        init() throws { folder = try TemporaryFolder() }

        func open(remembered: Cursor? = nil, keepingRows: Bool = false) async throws -> (SpillLog, SinkOpening) {
            let log = SpillLog(stateFolder: folder.path, budget: budget)
            do {
                let opening = try await log.open(for: shop, remembered: SinkPosition(cursor: remembered))
                try await log.begin(at: LSN(rawValue: 1), keepingRows: keepingRows)
                return (log, opening)
            } catch {
                await log.close()
                throw error
            }
        }

        var segments: [String] {
            get throws {
                let name = try FileManager.default.contentsOfDirectory(atPath: folder.path)[0]
                let files = try FileManager.default.contentsOfDirectory(atPath: folder.path(name))
                return files.sorted().map { "\(name)/\($0)" }
            }
        }
    }

    /// Reads all of a log that has ended.
    private func read(_ log: SpillLog, above cursor: Cursor, filter: TableFilter = .all) async throws -> [Change] {
        let reader = LogReader(log, above: cursor, filter: filter, budget: Budget(capacity: 1 << 30))
        defer { reader.close() }
        var changes: [Change] = []
        while true {
            switch try await reader.next(100) {
            case .changes(let more): changes += more
            case .nothing: try await reader.wait()
            case .ended: return changes
            }
        }
    }

    private func text(_ changes: [Change]) -> String {
        var text = ""
        for change in changes {
            change.forEachMessage { _, bytes in text += String(decoding: bytes, as: UTF8.self) + "\n" }
        }
        return text
    }

    @Test("what was delivered is read, from any cursor on, also after it was closed and opened again")
    func readBack() async throws {
        let bench = try Bench()
        let all = changes(
            .row(10, 0),
            .row(10, 1),
            .rows(10, 2, count: 3, schemas: 1),
            .commit(10),
            .filtered(20, 0),
            .row(20, 1),
            .commit(20)
        )
        var (log, opening) = try await bench.open()
        #expect(opening.position.cursor == nil)
        for part in [all[..<2], all[2..<5], all[5...]] {
            let position = try await log.deliver(Array(part))
            #expect(position.cursor == part.last?.lastCursor)
        }
        for _ in 0..<2 {
            log.finish()
            for (number, start) in ([at(0, 0)] + all.map(\.lastCursor)).enumerated() {
                let rest = try await read(log, above: start)
                #expect(text(rest) == text(Array(all[number...])))
                #expect(rest.last?.cursor == (number == all.count ? nil : all.last?.cursor))
                #expect(rest.map(\.sequence) == Array(0..<UInt64(rest.count)))
                #expect(rest.map(\.lastCursor) == rest.map(\.lastCursor).sorted())
            }
            await log.close()
            (log, opening) = try await bench.open(remembered: all.last?.lastCursor)
            #expect(opening.position.cursor == all.last?.lastCursor && opening.notices == [])
        }
        await log.close()
    }

    @Test("it knows from where on it has rows, also after it was opened again") func rows() async throws {
        let bench = try Bench()
        // Whether rows are kept, what comes then, and from where on they are there.
        let starts: [(keepsRows: Bool, lsn: UInt64?, floor: Cursor)] = [
            (false, nil, Cursor.below(LSN(rawValue: 1))),
            (true, nil, Cursor.below(LSN(rawValue: 1))),
            (true, 10, Cursor.below(LSN(rawValue: 1))),
            (true, 20, Cursor.below(LSN(rawValue: 1))),
            (false, 30, at(30, 0)),
            (true, 40, at(30, 0)),
            (true, 50, at(30, 0)),
        ]
        var last: Cursor?
        for start in starts {
            let (log, _) = try await bench.open(remembered: last, keepingRows: start.keepsRows)
            log.hold("a", above: at(0, 0))
            #expect(log.readsRows == start.keepsRows)
            if let lsn = start.lsn { last = try await log.deliver(changes(.row(lsn, 0))).cursor }
            #expect(log.rowsFloor == start.floor, "\(start)")
            await log.close()
        }
        let (log, _) = try await bench.open(remembered: last, keepingRows: true)
        log.finish()
        #expect(
            try await text(read(log, above: at(0, 0)))
                == lines(at(10, 0), at(20, 0), at(30, 0), at(40, 0), at(50, 0))
        )
        #expect(try bench.segments.count == 3)
        await log.close()
    }

    @Test("the slot's changes that it has are not taken twice") func repeated() async throws {
        let bench = try Bench()
        var (log, _) = try await bench.open()
        _ = try await log.deliver(changes(.row(10, 0), .commit(10), .row(20, 0)))
        await log.close()
        (log, _) = try await bench.open(remembered: at(10, 0))
        _ = try await log.deliver(changes(.row(20, 0), .commit(20)))
        log.finish()
        #expect(try await text(read(log, above: at(0, 0))) == lines(at(10, 0), at(20, 0)))
        await log.close()
    }

    @Test("a reader gets what comes while it waits, and segments go behind the last sink")
    func segments() async throws {
        var bench = try Bench()
        bench.budget = 1 << 20
        let (log, _) = try await bench.open()
        log.hold("a", above: at(0, 0))
        let reader = LogReader(log, above: at(0, 0), filter: .all, budget: Budget(capacity: 1 << 30))
        defer { reader.close() }
        var seen = ""
        var expected = ""
        let note = String(repeating: "x", count: 60_000)
        for lsn in UInt64(10)..<60 {
            let bytes = Array(line(at(lsn, 0), note: note).utf8)
            let change = Change(
                sequence: lsn,
                cursor: at(lsn, 0),
                kind: .messages(count: 1),
                batch: EncodedBatch(bytes: bytes),
                offset: 0,
                length: Int32(bytes.count),
                cost: 0
            )
            _ = try await log.deliver([change])
            expected += line(at(lsn, 0), note: note)
            guard case .changes(let more) = try await reader.next(10) else {
                Issue.record("nothing at \(lsn)")
                return
            }
            seen += text(more)
            if lsn % 5 == 0 { try await log.advance("a", to: at(lsn, 0)) }
            #expect(log.snapshot.bytes <= bench.budget)
        }
        #expect(seen == expected)
        #expect(try bench.segments.count < 12)
        await log.close()
    }

    @Test("a reader takes no more than its budget has room for") func budget() async throws {
        let bench = try Bench()
        let (log, _) = try await bench.open()
        _ = try await log.deliver(changes(.row(10, 0)))
        _ = try await log.deliver(changes(.row(20, 0)))
        let budget = Budget(capacity: 400)
        let reader = LogReader(log, above: at(0, 0), filter: .all, budget: budget)
        defer { reader.close() }
        guard case .changes(let first) = try await reader.next(10) else { throw TestFailed() }
        #expect(first.count == 1)
        guard case .nothing = try await reader.next(10) else { throw TestFailed() }
        budget.release(first.reduce(0) { $0 + Int($1.cost) })
        #expect(budget.held == 0)
        try await reader.wait()
        guard case .changes = try await reader.next(10) else { throw TestFailed() }
        await log.close()
    }

    private struct TestFailed: Error {}
}
