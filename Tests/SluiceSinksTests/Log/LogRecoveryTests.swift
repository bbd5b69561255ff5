import Foundation
import SinkTesting
import SluicePostgres
import SluiceTesting
import Testing

@testable import SluiceSinks

/// CAPTURE 18: recovery cuts at the first bad checksum; if that is below what was acknowledged, it refuses.
@Suite struct LogRecoveryTests {
    /// The bytes of a log's one segment with three records, and where they end.
    private static func sample() async throws -> (name: String, bytes: [UInt8], ends: [Int]) {
        let bench = try SpillLogTests.Bench()
        let (log, _) = try await bench.open()
        var ends = [log.snapshot.bytes]
        for lsn in [10, 20, 30] as [UInt64] {
            _ = try await log.deliver(changes(.row(lsn, 0), .commit(lsn)))
            ends.append(log.snapshot.bytes)
        }
        await log.close()
        let name = try #require(try bench.segments.first)
        return (name, Array(try Data(contentsOf: URL(fileURLWithPath: bench.folder.path(name)))), ends)
    }

    private static let cursors = [10, 20, 30].map {
        Cursor(commitLSN: LSN(rawValue: $0), index: Cursor.commitIndex)
    }

    /// Opens a log with a segment of some bytes.
    ///
    /// - Returns: What was found; the log is closed.
    private func open(
        _ name: String,
        _ bytes: [UInt8],
        remembered: Cursor?
    ) async throws -> (opening: SinkOpening, left: [UInt8]) {
        let bench = try SpillLogTests.Bench()
        let folder = String(name.split(separator: "/")[0])
        try FileManager.default.createDirectory(atPath: bench.folder.path(folder), withIntermediateDirectories: true)
        try bench.folder.write(name, bytes)
        func left() throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: bench.folder.path(name)))) }
        do {
            let (log, opening) = try await bench.open(remembered: remembered)
            // It goes on where it was cut.
            _ = try await log.deliver(changes(.row(99, 0)))
            log.finish()
            await log.close()
            let (again, second) = try await bench.open(remembered: at(99, 0))
            await again.close()
            #expect(second.position.cursor == at(99, 0) && second.notices == [])
            return (opening, try left())
        } catch {
            #expect(try left() == bytes, "something was changed before the refusal")
            throw error
        }
    }

    /// Looks at a log with a segment of some bytes, as an opening does before it changes anything.
    private func look(_ folder: LogFolder, _ bytes: [UInt8], remembered: Cursor?) throws -> LogRecovery {
        try Data(bytes).write(to: URL(fileURLWithPath: folder.path(of: 0)))
        let recovery = try LogRecovery(folder, source: shop)
        try SpillLog.check(recovery, SinkPosition(cursor: remembered), folder)
        return recovery
    }

    @Test("truncated at every offset: what is whole stays, the rest is cut; below what was acknowledged it refuses")
    func truncated() async throws {
        let (_, bytes, ends) = try await Self.sample()
        let temporary = try TemporaryFolder()
        let folder = LogFolder(path: temporary.path)
        for length in ends[0]..<bytes.count {
            let whole = ends.lastIndex { $0 <= length } ?? 0
            let last = whole == 0 ? Cursor.below(LSN(rawValue: 1)) : Self.cursors[whole - 1]
            let recovery = try look(folder, Array(bytes[..<length]), remembered: whole == 0 ? nil : last)
            #expect(recovery.last == last, "\(length)")
            #expect(recovery.damage?.position == (ends[whole] == length ? nil : UInt64(ends[whole])), "\(length)")
            await expectFailure(.corrupt, "\(Self.cursors[whole])", "Nothing was changed") {
                try look(folder, Array(bytes[..<length]), remembered: Self.cursors[whole])
            }
        }
    }

    @Test("a bit flipped in any byte of any record: that record and all behind it are cut")
    func flipped() async throws {
        let (_, bytes, ends) = try await Self.sample()
        let temporary = try TemporaryFolder()
        let folder = LogFolder(path: temporary.path)
        var random = SeededGenerator(seed: 5)
        for position in ends[0]..<bytes.count {
            var damaged = bytes
            damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let whole = (ends.firstIndex { $0 > position } ?? 0) - 1
            let recovery = try look(folder, damaged, remembered: whole == 0 ? nil : Self.cursors[whole - 1])
            #expect(recovery.damage?.position == UInt64(ends[whole]), "\(position)")
            await expectFailure(.corrupt, "damaged at byte \(ends[whole])") {
                try look(folder, damaged, remembered: Self.cursors[2])
            }
        }
    }

    @Test("what was cut or flipped anywhere: it goes on behind what is whole", arguments: 0..<12 as Range<UInt64>)
    func goesOn(seed: UInt64) async throws {
        let (name, bytes, ends) = try await Self.sample()
        var random = SeededGenerator(seed: seed)
        let position = Int.random(in: ends[0]..<bytes.count, using: &random)
        var damaged = bytes
        if seed % 2 == 0 { damaged.removeLast(bytes.count - position) } else { damaged[position] ^= 4 }
        let whole = (ends.firstIndex { $0 > position } ?? 0) - 1
        let last = whole == 0 ? nil : Self.cursors[whole - 1]
        let (opening, left) = try await open(name, damaged, remembered: last)
        #expect(opening.position.cursor == last)
        #expect(left.starts(with: bytes[..<ends[whole]]))
        await expectFailure(.corrupt) { try await open(name, damaged, remembered: Self.cursors[2]) }
    }

    @Test("a tail of zeros, of noise, or of an older record is cut", arguments: 0..<12 as Range<UInt64>)
    func tails(seed: UInt64) async throws {
        let (name, bytes, ends) = try await Self.sample()
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...5000, using: &random)
        let tail: [UInt8] =
            switch seed % 3 {
            case 0: [UInt8](repeating: 0, count: count)
            case 1: (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            default: Array(bytes[ends[Int(seed) % 2]..<ends[2]])
            }
        let (opening, left) = try await open(name, bytes + tail, remembered: Self.cursors[1])
        #expect(opening.position.cursor == Self.cursors[2])
        #expect(opening.notices.count == 1)
        #expect(left.starts(with: bytes))
    }

    @Test("a damaged header of the only segment is a damaged log, and of another source it is not ours")
    func headers() async throws {
        let (name, bytes, ends) = try await Self.sample()
        let temporary = try TemporaryFolder()
        let folder = LogFolder(path: temporary.path)
        for position in 0..<ends[0] {
            var damaged = bytes
            damaged[position] ^= 0x10
            await expectFailure(.corrupt, "damaged at byte 0") {
                try look(folder, damaged, remembered: Self.cursors[0])
            }
        }
        let other = SegmentHeader(
            start: 0,
            after: at(0, 0),
            source: SourceIdentity(systemIdentifier: "1", timeline: 1, slot: "other")
        )
        await expectFailure(.otherSource, "slot other") {
            try await open(name, other.encoded + bytes[ends[0]...], remembered: nil)
        }
    }

    @Test("a segment that is missing between others is a gap")
    func missing() async throws {
        var bench = try SpillLogTests.Bench()
        bench.budget = 1 << 20
        let (log, _) = try await bench.open()
        log.hold("a", above: at(0, 0))
        for lsn in UInt64(10)..<16 {
            let steps = (0..<40).map { Step.row(lsn, $0) }
            _ = try await log.deliver(changes(steps + (0..<200).map { Step.row(lsn, 40 + $0) }))
        }
        let last = try #require(log.last)
        await log.close()
        let segments = try bench.segments
        #expect(segments.count > 2)
        try FileManager.default.removeItem(atPath: bench.folder.path(segments[1]))
        await expectFailure(.corrupt, "damaged") { try await bench.open(remembered: last) }
        #expect(try bench.segments.count == segments.count - 1)
    }
}
