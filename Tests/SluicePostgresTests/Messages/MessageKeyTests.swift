import Testing

@testable import SluicePostgres

@Suite("Keys of messages")
struct MessageKeyTests {
    private typealias Columns = [(name: String, type: UInt32, isIdentity: Bool)]

    private struct Sample: CustomTestStringConvertible {
        var name: String
        var identity: Character = "d"
        var columns: Columns = [("id", 23, true), ("a", 25, true), ("note", 25, false)]
        var primaryKey: [String]? = ["a", "id"]
        var message: WireBytes
        var keys: [String?]

        var testDescription: String { name }
    }

    private static func start(_ type: Character) -> WireBytes { WireBytes(type).integer(UInt32(1)) }

    private static let full: Columns = [("id", 23, true), ("a", 25, true), ("note", 25, true)]
    private static let keyless: Columns = [("id", 23, false), ("a", 25, false), ("note", 25, false)]
    private static let byNote: Columns = [("id", 23, false), ("a", 25, false), ("note", 25, true)]

    private static let samples = [
        Sample(name: "an insert", message: start("I").tuple("N", ["1", "x", "n"]), keys: [#"["x","1"]"#]),
        Sample(
            name: "quotes",
            message: start("I").tuple("N", ["1", "\"\n", "n"]),
            keys: [#"["\"\n","1"]"#.replacing("\n", with: "\\n")]
        ),
        Sample(name: "an update", message: start("U").tuple("N", ["1", "x", "n"]), keys: [#"["x","1"]"#]),
        Sample(
            name: "an update that changes the key",
            message: start("U").tuple("K", ["1", "x", .null]).tuple("N", ["2", "x", "n"]),
            keys: [#"["x","2"]"#, #"["x","1"]"#]
        ),
        Sample(
            name: "an old key that is the same, because it is stored out of line",
            message: start("U").tuple("K", ["1", "x", .null]).tuple("N", ["1", .toast, "n"]),
            keys: [#"["x","1"]"#]
        ),
        Sample(
            name: "a key that changes in one part, the other one out of line",
            message: start("U").tuple("K", ["1", "x", .null]).tuple("N", ["2", .toast, "n"]),
            keys: [#"["x","2"]"#, #"["x","1"]"#]
        ),
        Sample(
            name: "a hole in the key that nothing fills",
            message: start("U").tuple("N", ["1", .toast, "n"]),
            keys: [nil]
        ),
        Sample(
            name: "FULL, another column changes",
            identity: "f",
            columns: full,
            message: start("U").tuple("O", ["1", "x", "n"]).tuple("N", ["1", "x", "m"]),
            keys: [#"["x","1"]"#]
        ),
        Sample(
            name: "FULL, the key changes",
            identity: "f",
            columns: full,
            message: start("U").tuple("O", ["1", "x", "n"]).tuple("N", ["1", "y", .toast]),
            keys: [#"["y","1"]"#, #"["x","1"]"#]
        ),
        Sample(
            name: "FULL without a primary key",
            identity: "f",
            columns: full,
            primaryKey: nil,
            message: start("U").tuple("O", ["1", "x", "n"]).tuple("N", ["1", "y", .toast]),
            keys: [nil]
        ),
        Sample(name: "a delete", message: start("D").tuple("K", ["1", "x", .null]), keys: [#"["x","1"]"#]),
        Sample(
            name: "NOTHING: rows never change",
            identity: "n",
            columns: keyless,
            message: start("I").tuple("N", ["1", "x", "n"]),
            keys: [#"["x","1"]"#]
        ),
        Sample(
            name: "an index that leaves the key out, so that its changes go unnoticed",
            identity: "i",
            columns: byNote,
            message: start("I").tuple("N", ["1", "x", "n"]),
            keys: [nil]
        ),
        Sample(name: "what cannot be read", message: start("I").tuple("N", ["1"]), keys: [nil]),
        Sample(
            name: "a truncate",
            message: WireBytes("T").integer(Int32(1)).integer(UInt8(0)).integer(UInt32(1)),
            keys: [nil]
        ),
    ]

    @Test("of one row, or of the table as a whole", arguments: samples)
    private func keys(sample: Sample) {
        let relation = makeRelation(identity: sample.identity, sample.columns)
        relation.resolveKey(sample.primaryKey)
        var encoding = Encoding(relation)
        // Behind other messages, so that every place is told from its change's start.
        let changes = encoding.encode([Self.start("I").tuple("N", ["7", "z", "n"]), WireBytes.commit, sample.message])
        let expected = sample.keys.map { MessageKey(schema: "public", table: "users", row: $0) }
        #expect(changes[2].keys(ofMessage: 0) == expected)
        #expect(changes[2].keys(ofMessage: 1).isEmpty && changes[2].keys(ofMessage: -1).isEmpty)
        #expect(changes[1].keys(ofMessage: 0).isEmpty)
        #expect(changes[2].messageCount == 1, "Such an update is one message")
    }

    @Test("before the catalog has answered are the replica identity's")
    func unresolved() {
        var encoding = Encoding(users)
        #expect(encoding.encode([.insert])[0].keys(ofMessage: 0).map(\.row) == [#"["1"]"#])
    }

    @Test("of a truncate's tables, of a table that nobody knows, of a renamed one")
    func tables() {
        let orders = makeRelation(oid: 2, schema: "shop", name: "orders", [("id", 23, true)])
        let old = makeRelation(oid: 2, schema: "public", name: "orders", [("id", 23, true)])
        var encoding = Encoding(users, orders)
        let raw = encoding.raw(
            [WireBytes.truncate.bytes, WireBytes("I").integer(UInt32(9)).bytes, WireBytes.insert.bytes],
            schemaChanges: [(0, SchemaChange(before: old, after: orders))]
        )
        let changes = encoding.encoder.encode(raw)
        let (user, order) = (MessageKey(schema: "public", table: "users"), MessageKey(schema: "shop", table: "orders"))
        #expect(
            (0..<4).map { changes[0].keys(ofMessage: $0) } == [
                [order, MessageKey(schema: "public", table: "orders")], [user], [order], [],
            ]
        )
        #expect(changes[1].kind == .undecodable && changes[1].keys(ofMessage: 0).isEmpty)
        #expect(changes[2].keys(ofMessage: 0).map(\.row) == [#"["1"]"#])
    }

    @Test("are the same however the bytes are divided", arguments: [1, 400, 900, 4000])
    func divided(limit: Int) {
        let relation = makeRelation([("id", 23, true), ("name", 25, false)])
        var encoding = Encoding(relation, batchLimit: limit)
        let messages = (0..<20).map { number in
            number % 5 == 3
                ? WireBytes("U").integer(UInt32(1)).tuple("K", [.text("\(number)"), .null])
                    .tuple("N", [.text("\(number)0"), "x"])
                : WireBytes("I").integer(UInt32(1)).tuple("N", [.text("\(number)"), "x"])
        }
        let rows = encoding.encode(messages).map { $0.keys(ofMessage: 0).map(\.row) }
        let expected = (0..<20).map { $0 % 5 == 3 ? ["[\"\($0)0\"]", "[\"\($0)\"]"] : ["[\"\($0)\"]"] }
        #expect(rows == expected)
    }
}
