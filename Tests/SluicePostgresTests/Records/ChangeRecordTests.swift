import SluiceTesting
import Testing

@testable import SluicePostgres

@Suite struct ChangeRecordTests {
    private static let orders = makeRelation(oid: 2, name: "orders", [("id", 23, true), ("note", 25, false)])

    private static func start(_ type: Character, _ oid: UInt32 = 1) -> WireBytes { WireBytes(type).integer(oid) }

    /// Changes of every kind.
    private static func sample() -> [Change] {
        users.resolveKey(["id"])
        orders.resolveKey(nil)
        var encoding = Encoding(users, orders)
        return encoding.encode([
            start("I").tuple("N", ["1", "Ada"]),
            start("U").tuple("K", ["1", .null]).tuple("N", ["2", "Ada"]),
            start("I", 2).tuple("N", ["7", "x"]),
            WireBytes("T").integer(UInt32(2)).integer(UInt8(0)).integer(UInt32(1)).integer(UInt32(2)),
            start("I", 99).tuple("N", ["1", "nobody knows the table"]),
            start("D", 2).tuple("K", ["7", .null]),
        ])
    }

    private func decode(_ bytes: [UInt8], _ filter: TableFilter = .all, after: Cursor? = nil) throws -> [Change] {
        var reader = ChangeRecordReader(filter: filter, after: after)
        return try bytes.withUnsafeBytes { try reader.decode($0) }
    }

    @Test("what is made of a record is what it was made from") func roundTrip() throws {
        let changes = Self.sample()
        let made = try decode(ChangeRecord.encode(changes[...]))
        #expect(made.count == changes.count)
        for (new, old) in zip(made, changes) {
            #expect(new.cursor == old.cursor && new.kind == old.kind && new.schemaCount == old.schemaCount)
            #expect(new.lines == old.lines)
            for number in 0..<old.messageCount {
                #expect(new.keys(ofMessage: number) == old.keys(ofMessage: number))
                let (label, before) = (new.label(ofMessage: number), old.label(ofMessage: number))
                #expect(label?.action == before?.action && label?.previousRow == before?.previousRow)
                #expect(label?.table?.oid == before?.table?.oid)
                #expect(label?.table?.columns == before?.table?.columns)
                #expect(label?.table?.isKeyCovered == before?.table?.isKeyCovered)
            }
        }
        #expect(made.map(\.sequence) == Array(0..<6))
        #expect(try decode(ChangeRecord.encode(changes[...]), after: changes[3].cursor).count == 3)
    }

    @Test("a filter leaves the other tables' messages out, and the place of the last change in") func filter() throws {
        let bytes = ChangeRecord.encode(Self.sample()[...])
        let ours = try decode(bytes, TableFilter(["users"]))
        #expect(ours.map(\.cursor.index) == [0, 1, 3, 4, 5])
        #expect(ours.map(\.messageCount) == [1, 1, 1, 1, 0])
        #expect(ours.last?.kind == .filtered)
        let theirs = try decode(bytes, TableFilter(["public.orders"]))
        #expect(theirs.map(\.cursor.index) == [2, 3, 4, 5])
        // The second message of the truncate keeps its number.
        #expect(theirs[1].schemaCount == -1 && theirs[1].lines.count == 1)
        #expect(theirs[1].lines[0].contains("\"orders\""))
        #expect(theirs.map(\.sequence) == [0, 1, 2, 3])
    }

    @Test("damaged bytes are refused or read, and never trap", arguments: 0..<300 as Range<UInt64>)
    func damaged(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var bytes = ChangeRecord.encode(Self.sample()[...])
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
        }
        if seed % 3 == 0 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &random)) }
        for change in (try? decode(bytes, TableFilter(["users"]))) ?? [] { _ = change.cursor }
    }
}
