import Testing

@testable import SluicePostgres

/// Rows beside their messages.
@Suite struct ChangedRowTests {
    private static let relation = makeRelation([("id", 23, true), ("name", 25, false)])

    private func changes(_ messages: [WireBytes], keepsRows: Bool = true, of relation: Relation = relation) -> [Change]
    {
        let encoding = Encoding(relation)
        var encoder = ChangeEncoder(source: Encoding.source, keepsRows: keepsRows)
        return encoder.encode(encoding.raw(messages.map(\.bytes)))
    }

    private func told(_ values: [ChangedRow.Value]) -> [String] {
        values.map { value in
            switch value {
            case .unknown: "?"
            case .null: "NULL"
            case .text(let text): "'\(String(decoding: text, as: UTF8.self))'"
            }
        }
    }

    @Test("have the values as they were sent, and say what is not told")
    func values() {
        let rows = changes([.insert, .update, .keyUpdate, .delete, .fullUpdate]).map(\.row)
        #expect(rows.map { $0?.action } == [.insert, .update, .update, .delete, .update])
        #expect(
            rows.map { told($0?.after ?? []) } == [
                ["'1'", "'Ada'"], ["'1'", "?"], ["'2'", "'Ada'"], [], ["'1'", "NULL"],
            ]
        )
        #expect(rows.map { told($0?.before ?? []) } == [[], [], ["'1'", "?"], ["'1'", "?"], ["'1'", "'Ada'"]])
        #expect(rows.allSatisfy { $0?.table === Self.relation })
    }

    @Test("fill what an update left out of line from the whole row before")
    func filled() {
        let full = makeRelation(identity: "f", [("id", 23, true), ("name", 25, true)])
        let update = WireBytes("U").integer(UInt32(1)).tuple("O", ["1", "Ada"]).tuple("N", ["1", .toast])
        #expect(told(changes([update], of: full)[0].row?.after ?? []) == ["'1'", "'Ada'"])
    }

    @Test("are there only if they are kept, and not for truncates, commits and what cannot be read")
    func absent() {
        let bad = WireBytes("I").integer(UInt32(1)).tuple("N", ["1"])
        #expect(changes([.truncate, .commit, bad]).allSatisfy { $0.row == nil })
        #expect(changes([.insert], keepsRows: false)[0].row == nil)
    }

    @Test("belong to their own change where a processor gets every other one, and count for the budget")
    func gaps() {
        let messages = (1...9).map { WireBytes("I").integer(UInt32(1)).tuple("N", [.text("\($0)"), "x"]) }
        let encoding = Encoding(Self.relation)
        let raw = encoding.raw(messages.map(\.bytes)).enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        var encoder = ChangeEncoder(source: Encoding.source, keepsRows: true)
        let kept = encoder.encode(raw)
        #expect(kept.map { told($0.row?.after ?? []).first } == ["'1'", "'3'", "'5'", "'7'", "'9'"])
        var plain = ChangeEncoder(source: Encoding.source)
        let difference = zip(kept, plain.encode(raw)).map { $0.cost - $1.cost }
        #expect(difference == raw.map(\.length))
    }
}
