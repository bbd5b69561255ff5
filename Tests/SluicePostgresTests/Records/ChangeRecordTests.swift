import SluiceTesting
import Testing

@testable import SluicePostgres

@Suite struct ChangeRecordTests {
    private static let orders = makeRelation(oid: 2, name: "orders", [("id", 23, true), ("note", 25, false)])

    private static func start(_ type: Character, _ oid: UInt32 = 1) -> WireBytes { WireBytes(type).integer(oid) }

    /// Changes of every kind.
    private static func sample(keepsRows: Bool = false) -> [Change] {
        users.resolveKey(["id"])
        orders.resolveKey(nil)
        var encoding = Encoding(users, orders, keepsRows: keepsRows)
        return encoding.encode([
            start("I").tuple("N", ["1", "Ada"]),
            start("U").tuple("K", ["1", .null]).tuple("N", ["2", "Ada"]),
            start("I", 2).tuple("N", ["7", "x"]),
            WireBytes("T").integer(UInt32(2)).integer(UInt8(0)).integer(UInt32(1)).integer(UInt32(2)),
            start("I", 99).tuple("N", ["1", "nobody knows the table"]),
            start("D", 2).tuple("K", ["7", .null]),
        ])
    }

    private func decode(
        _ bytes: [UInt8],
        _ filter: TableFilter = .all,
        after: Cursor? = nil,
        keepsRows: Bool = false
    ) throws -> [Change] {
        var reader = ChangeRecordReader(filter: filter, after: after, keepsRows: keepsRows)
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

    @Test("rows are in the record if the changes have them, and are given to those who read them") func rows() throws {
        let changes = Self.sample(keepsRows: true)
        #expect(changes.map { $0.row != nil } == [true, true, true, false, false, true])
        let bytes = ChangeRecord.encode(changes[...])
        let made = try decode(bytes, keepsRows: true)
        #expect(made.map(\.lines) == changes.map(\.lines))
        for (new, old) in zip(made.map(\.row), changes.map(\.row)) {
            #expect(new?.action == old?.action && new?.after == old?.after && new?.before == old?.before)
            #expect(new?.table.oid == old?.table.oid && new?.table.columns == old?.table.columns)
            #expect(new?.table.primaryKey == old?.table.primaryKey)
        }
        #expect(made[1].row?.before.first == .text(Array("1".utf8)[...]))
        // The message holds the budget, and so does the row: an Insert of 8 + 2 * 5 bytes and its values.
        let alone = try decode(bytes)
        #expect(alone.allSatisfy { $0.row == nil })
        #expect(made[0].cost - alone[0].cost == 8 + 2 * 5 + 4)
        // What is left out takes its row along.
        let ours = try decode(bytes, TableFilter(["users"]), keepsRows: true)
        #expect(ours.map(\.cursor.index) == [0, 1, 3, 4, 5])
        #expect(ours.map { $0.row?.table.name } == ["users", "users", nil, nil, nil])
        #expect(ours[1].row?.after == changes[1].row?.after)
    }

    @Test("a row finds its table as it was, also in a record with two versions of it, and its types' names")
    func versions() throws {
        let mood = TypeName(oid: 9001, schema: "public", name: "mood")
        let before = makeRelation([("id", 23, true)])
        let after = Relation(
            oid: 1,
            schema: "public",
            name: "users",
            replicaIdentity: UInt8(ascii: "d"),
            columns: before.columns + [Column(name: "mood", typeOID: 9001, typeModifier: -1, isIdentity: false)],
            typeNames: [9001: mood]
        )
        before.resolveKey(["id"])
        after.resolveKey(["id"])
        var (old, new) = (Encoding(before, keepsRows: true), Encoding(after, keepsRows: true))
        let changes =
            old.encode([Self.start("I").tuple("N", ["1"])]) + new.encode([Self.start("I").tuple("N", ["2", "sad"])])
        let made = try decode(ChangeRecord.encode(changes[...]), keepsRows: true)
        #expect(made.map { $0.row?.after.count } == [1, 2])
        #expect(made.map { $0.row?.table.typeNames } == [[:], [9001: mood]])
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
        var bytes = ChangeRecord.encode(Self.sample(keepsRows: true)[...])
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
        }
        if seed % 3 == 0 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &random)) }
        for change in (try? decode(bytes, TableFilter(["users"]), keepsRows: true)) ?? [] {
            _ = (change.cursor, change.row)
        }
    }
}
