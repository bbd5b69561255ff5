package import SluicePostgres

/// Changes of the table `public.conformance (id integer primary key, note text)`, as a server sends them and the encoder
/// writes them.
package struct SampleStream {
    /// One change of a transaction.
    package enum Step {
        case insert(SampleRow)
        case update(SampleRow)
        /// An update that leaves the note out of line.
        case touch(id: Int)
        case move(from: Int, to: SampleRow)
        case delete(id: Int)
        case truncate
        /// A row of another table, which is filtered out.
        case filtered
        /// A row that does not fit its table.
        case undecodable
    }

    /// The table.
    package static let table = Relation(
        oid: 16_400,
        schema: "public",
        name: "conformance",
        replicaIdentity: UInt8(ascii: "d"),
        columns: [
            Column(name: "id", typeOID: 23, typeModifier: -1, isIdentity: true),
            Column(name: "note", typeOID: 25, typeModifier: -1, isIdentity: false),
        ]
    )

    private static let other: UInt32 = 16_401

    private var encoder: ChangeEncoder
    private var relations = RelationTable()
    private var sequence: UInt64 = 0
    private var position: UInt64

    /// Starts a stream.
    ///
    /// - Parameter position: Where its first transaction commits.
    package init(startingAt position: UInt64 = 0x1000) {
        self.position = position
        encoder = ChangeEncoder(
            source: MessageSource(database: "conformance", systemIdentifier: "1", host: "localhost", slot: "check"),
            tables: TableFilter(["conformance"]),
            keepsRows: true
        )
        relations.update(Self.table)
        relations.update(
            Relation(oid: Self.other, schema: "public", name: "other", replicaIdentity: UInt8(ascii: "d"), columns: [])
        )
        Self.table.resolveKey(["id"])
    }

    /// The changes of one transaction, with its commit.
    package mutating func transaction(_ steps: [Step]) -> [Change] {
        let messages = steps.map { Self.message($0) } + [commit]
        let header = TransactionHeader(commitLSN: LSN(rawValue: position), commitTime: 0, xid: 700)
        let batch = FrameBatch(bytes: messages.flatMap(\.self), relations: relations, transactions: [header])
        var raw: [RawChange] = []
        var offset = 0
        for (index, message) in messages.enumerated() {
            raw.append(
                RawChange(
                    sequence: sequence,
                    index: index < steps.count ? UInt64(index) : Cursor.commitIndex,
                    batch: batch,
                    transaction: 0,
                    offset: Int32(offset),
                    length: Int32(message.count),
                    cost: 1
                )
            )
            offset += message.count
            sequence += 1
        }
        position += 0x100
        return encoder.encode(raw)
    }

    private var commit: [UInt8] {
        [UInt8(ascii: "C"), 0] + Self.bytes(position) + Self.bytes(position + 8) + Self.bytes(UInt64(0))
    }

    private static func message(_ step: Step) -> [UInt8] {
        let new = UInt8(ascii: "N")
        let key = UInt8(ascii: "K")
        return switch step {
        case .insert(let row): head("I", table.oid) + [new] + tuple(row.id, row.note)
        case .update(let row): head("U", table.oid) + [new] + tuple(row.id, row.note)
        case .touch(let id): head("U", table.oid) + [new] + bytes(UInt16(2)) + text(String(id)) + [UInt8(ascii: "u")]
        case .move(let old, let row):
            head("U", table.oid) + [key] + tuple(old, nil) + [new] + tuple(row.id, row.note)
        case .delete(let id): head("D", table.oid) + [key] + tuple(id, nil)
        case .truncate: [UInt8(ascii: "T")] + bytes(UInt32(1)) + [0] + bytes(table.oid)
        case .filtered: head("I", other) + [new] + bytes(UInt16(0))
        case .undecodable: head("I", table.oid) + [new] + bytes(UInt16(1)) + text("7")
        }
    }

    private static func head(_ type: Character, _ oid: UInt32) -> [UInt8] {
        Array(String(type).utf8) + bytes(oid)
    }

    private static func tuple(_ id: Int, _ note: String?) -> [UInt8] {
        bytes(UInt16(2)) + text(String(id)) + (note.map { text($0) } ?? [UInt8(ascii: "n")])
    }

    private static func text(_ text: String) -> [UInt8] {
        [UInt8(ascii: "t")] + bytes(UInt32(text.utf8.count)) + text.utf8
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
