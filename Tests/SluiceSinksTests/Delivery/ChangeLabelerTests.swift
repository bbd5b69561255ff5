import Testing

@testable import SluicePostgres
@testable import SluiceSinks

@Suite("What a message waits for")
struct ChangeLabelerTests {
    private static let orders = Relation(
        oid: 1,
        schema: "public",
        name: "orders",
        replicaIdentity: UInt8(ascii: "d"),
        columns: []
    )
    private static let renamed = Relation(
        oid: 1,
        schema: "public",
        name: "bills",
        replicaIdentity: UInt8(ascii: "d"),
        columns: []
    )
    private static let customers = Relation(
        oid: 2,
        schema: "public",
        name: "customers",
        replicaIdentity: UInt8(ascii: "d"),
        columns: []
    )

    /// A message of each entry: its action, its table, its key as JSON, its key before.
    private func parts(_ entries: [(MessageAction, Relation?, String?, String?)]) -> [KeyedChange.Part] {
        var bytes: [UInt8] = []
        var keys = BatchKeys()
        for (action, table, row, previous) in entries {
            var entry = BatchKeys.Entry(action: action, table: -1)
            if let table {
                entry.table = Int32(keys.tables.count)
                keys.tables.append(table)
            }
            bytes += Array("{\"k\":".utf8)
            if let row {
                (entry.start, entry.length) = (Int32(bytes.count), Int32(row.utf8.count))
                bytes += Array(row.utf8)
            }
            if let previous {
                entry.previous = Int32(keys.previous.count)
                keys.previous.append(.row(previous))
            }
            bytes += Array("}\n".utf8)
            keys.entries.append(entry)
        }
        let change = Change(
            sequence: 0,
            cursor: at(100, 3),
            kind: .messages(count: Int32(entries.count)),
            batch: EncodedBatch(bytes: bytes, keys: keys),
            offset: 0,
            length: Int32(bytes.count),
            cost: 0,
            schemaCount: 0,
            firstKey: 0
        )
        var labeler = ChangeLabeler()
        let keyed = labeler.label(change)
        return (keyed.first.map { [$0] } ?? []) + keyed.others
    }

    @Test("rows of one key share an order, whatever happens to them; other keys and tables do not")
    func keys() {
        let parts = parts([
            (.insert, Self.orders, #"["7"]"#, nil), (.delete, Self.orders, #"["7"]"#, nil),
            (.update, Self.orders, #"["8"]"#, nil), (.insert, Self.customers, #"["7"]"#, nil),
            (.insert, Self.renamed, #"["7"]"#, nil),
        ])
        #expect(parts[0].order == parts[1].order)
        #expect(parts[0].order != parts[2].order)
        #expect(parts[0].order != parts[3].order)
        // A table keeps its number when it is renamed.
        #expect(parts[0].order == parts[4].order)
        #expect(parts[0].table == parts[4].table && parts[0].table != parts[3].table)
    }

    @Test("C31: an update that changes the key belongs to both")
    func keyChange() {
        let parts = parts([
            (.insert, Self.orders, #"["7"]"#, nil), (.insert, Self.orders, #"["8"]"#, nil),
            (.update, Self.orders, #"["8"]"#, #"["7"]"#),
        ])
        guard case .key(let old) = parts[0].order, case .key(let new) = parts[1].order else {
            Issue.record("Rows have one key")
            return
        }
        #expect(parts[2].order == .keys(new, old))
    }

    @Test("rows without a key are one chain, and what is of the whole table waits for all of it")
    func tables() {
        let parts = parts([
            (.insert, Self.orders, nil, nil), (.update, Self.orders, nil, nil), (.truncate, Self.orders, nil, nil),
            (.schema, Self.orders, nil, nil), (.undecodable, Self.orders, nil, nil), (.undecodable, nil, nil, nil),
        ])
        guard case .key = parts[0].order else { Issue.record("They are no chain"); return }
        #expect(parts[0].order == parts[1].order)
        #expect(parts[2...].allSatisfy { $0.order == .wholeTable })
    }

    @Test("a message has its own bytes, cursor, names and action")
    func message() {
        let parts = parts([(.truncate, Self.orders, nil, nil), (.truncate, Self.customers, nil, nil)])
        #expect(parts.map(\.message.cursor) == [at(100, 3, 0), at(100, 3, 1)])
        #expect(parts.map(\.message.table) == ["orders", "customers"])
        #expect(parts.map(\.message.schema) == ["public", "public"])
        #expect(parts.map(\.message.action) == [.truncate, .truncate])
        #expect(parts.map { String(decoding: $0.message.body, as: UTF8.self) } == [#"{"k":}"#, #"{"k":}"#])
    }

    @Test(
        "one key column is told as its text, several as a JSON array",
        arguments: [
            (#"["7"]"#, "7"), (#"["7","a"]"#, #"["7","a"]"#), (#"[""]"#, ""), (#"["a\"b"]"#, #"a"b"#),
            (#"["a\\u00e4"]"#, #"a\u00e4"#), (#"["ä,\"]["]"#, #"ä,"]["#), (#"["\\"]"#, #"\"#),
        ]
    )
    func plainKey(json: String, expected: String) {
        #expect(String(decoding: OutgoingMessage.plainKey(ArraySlice(json.utf8)), as: UTF8.self) == expected)
    }
}
