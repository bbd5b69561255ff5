import Foundation
import Glibc
import SluiceTesting
import Testing

@testable import SluicePostgres

@Suite("The spool")
struct SpoolTests {
    private let folder = SpoolFolder()

    private func makeSpool(limit: Int = 1 << 30) -> Spool {
        Spool(SpoolPlace(folder: folder.path, limit: limit))
    }

    private func append(_ spool: Spool, _ transaction: UInt32, _ xid: UInt32, _ text: [UInt8]) throws {
        try text.withUnsafeBytes { bytes in
            try spool.append(
                SpooledMessage(transaction: transaction, xid: xid, type: UInt8(ascii: "I"), rest: 0..<text.count),
                of: bytes
            )
        }
    }

    private func replay(_ spool: Spool, _ transaction: UInt32) throws -> [(UInt32, [UInt8])] {
        var messages: [(UInt32, [UInt8])] = []
        try spool.beginReplay(transaction)
        while try spool.next({ xid, bytes in messages.append((xid, Array(bytes))) }) {}
        return messages
    }

    @Test("gives back what was kept, in order, each transaction for itself, and removes the files")
    func order() throws {
        let spool = makeSpool()
        for round in 0..<3 as Range<UInt8> {
            for transaction in [7, 8, 9] as [UInt32] {
                try append(spool, transaction, transaction * 10 + UInt32(round), [round, UInt8(transaction)])
            }
        }
        #expect(spool.bytes == 9 * (SpoolRecord.headerSize + 3))
        spool.discard(9)
        #expect(folder.files == ["transaction-7.spool", "transaction-8.spool"])
        for transaction in [8, 7] as [UInt32] {
            let messages = try replay(spool, transaction)
            #expect(messages.map(\.0) == [0, 1, 2].map { transaction * 10 + $0 })
            #expect(messages.map(\.1) == (0..<3).map { [UInt8(ascii: "I"), $0, UInt8(transaction)] })
        }
        #expect(folder.files == [] && spool.bytes == 0)
        #expect(try replay(spool, 99).isEmpty, "a transaction without messages has no file")
    }

    @Test("messages of every length come back whole", arguments: 1...5 as ClosedRange<UInt64>)
    func lengths(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let spool = makeSpool()
        // Around the size of the buffers, too.
        let lengths = (0..<60).map { _ in
            let powers = [0, 3, 12, 18, 19, 20]
            return Int.random(in: 0...(1 << (powers.randomElement(using: &random) ?? 0)), using: &random)
        }
        let messages = lengths.map { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 &+ count) } }
        for (number, message) in messages.enumerated() {
            try append(spool, 7, UInt32(number), message)
            if number % 7 == 0 { try append(spool, 8, 0, message) }
        }
        let replayed = try replay(spool, 7)
        #expect(replayed.map(\.0) == messages.indices.map { UInt32($0) })
        #expect(replayed.map { Array($0.1.dropFirst()) } == messages)
        #expect(try replay(spool, 8).count == 9)
    }

    @Test("refuses what is above its limit, and has room again when something is thrown away")
    func limit() throws {
        let spool = makeSpool(limit: 2 * (SpoolRecord.headerSize + 11))
        for transaction in [7, 8] as [UInt32] {
            try append(spool, transaction, 0, [UInt8](repeating: 1, count: 10))
        }
        let error = #expect(throws: ReplicationError.self) { try append(spool, 7, 0, []) }
        #expect(error?.code == .spoolFailed)
        spool.discard(8)
        try append(spool, 7, 0, [])
        #expect(try replay(spool, 7).count == 2)
    }

    @Test("removes what another process has left, and nothing else")
    func leftover() throws {
        mkdir(folder.path, 0o700)
        for name in ["transaction-5.spool", "transaction-6.spool", "notes.txt"] { folder.write(name) }
        let spool = makeSpool()
        spool.discardAll()
        #expect(folder.files == ["notes.txt"])
        unlink("\(folder.path)/notes.txt")
        spool.discardAll()
        #expect(!FileManager.default.fileExists(atPath: folder.path), "the empty folder is removed, too")
        try append(spool, 7, 0, [1])
        #expect(try replay(spool, 7).count == 1)
    }

    @Test("a file that was changed, and a folder that cannot be made, are errors")
    func failures() throws {
        let spool = makeSpool()
        for count in [0, 4, 9] {
            try append(spool, 7, 0, [1, 2, 3, 4])
            try append(spool, 8, 0, [])
            truncate("\(folder.path)/transaction-7.spool", off_t(count))
            let error = #expect(throws: ReplicationError.self, "cut to \(count)") { _ = try replay(spool, 7) }
            #expect(error?.code == .spoolFailed)
            spool.discardAll()
        }
        let nowhere = Spool(SpoolPlace(folder: "\(folder.path)/none/spool", limit: 1 << 20))
        let error = #expect(throws: ReplicationError.self) { try append(nowhere, 7, 0, []) }
        #expect(error?.code == .spoolFailed && error?.message.contains("\(folder.path)/none/spool") == true)
    }

    @Test("a full disk is an error, and no link is followed")
    func fullDevice() throws {
        let writer = try SpoolWriter("/dev/full", transaction: 7, isNew: false)
        let message = SpooledMessage(transaction: 7, xid: 7, type: UInt8(ascii: "I"), rest: 0..<(300 << 10))
        let error = #expect(throws: ReplicationError.self) {
            try [UInt8](repeating: 0, count: 300 << 10).withUnsafeBytes { try writer.append(message, of: $0) }
        }
        #expect(error?.code == .spoolFailed && error?.message.contains("/dev/full") == true)
        mkdir(folder.path, 0o700)
        symlink("/dev/null", "\(folder.path)/transaction-7.spool")
        #expect(throws: ReplicationError.self) { try append(makeSpool(), 7, 0, []) }
    }
}
