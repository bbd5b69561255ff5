import SluicePostgres
import Testing

@Suite struct RowMessageTests {
    private func values(_ tuple: Tuple?, _ bytes: [UInt8]) throws -> [String] {
        try bytes.withUnsafeBytes { buffer in
            var result: [String] = []
            guard var values = tuple?.values(in: buffer) else { return [] }
            while let value = try values.next() {
                switch value {
                case .null: result.append("null")
                case .unchangedToast: result.append("toast")
                case .text(let range): result.append(String(decoding: bytes[range], as: UTF8.self))
                case .binary(let range): result.append("\(Array(bytes[range]))")
                }
            }
            return result
        }
    }

    @Test func findsTheTuples() throws {
        let insert = try decode(WireBytes.insert.bytes, RowMessage.init(decoding:))
        #expect(insert.action == .insert)
        #expect(insert.relationOID == 1)
        #expect(insert.old == .none)
        #expect(try values(insert.new, WireBytes.insert.bytes) == ["1", "Ada"])

        let update = try decode(WireBytes.fullUpdate.bytes, RowMessage.init(decoding:))
        #expect(try values(update.old.tuple, WireBytes.fullUpdate.bytes) == ["1", "Ada"])
        #expect(try values(update.new, WireBytes.fullUpdate.bytes) == ["1", "null"])

        let delete = try decode(WireBytes.delete.bytes, RowMessage.init(decoding:))
        guard case .key(let tuple) = delete.old else {
            Issue.record("the old tuple is not a key")
            return
        }
        #expect(tuple.columnCount == 2)
        #expect(delete.new == nil)
    }

    @Test func tellsAllKindsOfValues() throws {
        let bytes = WireBytes("I").integer(UInt32(7)).tuple("N", [.null, .toast, "", .binary([1, 2])]).bytes
        let row = try decode(bytes, RowMessage.init(decoding:))
        #expect(try values(row.new, bytes) == ["null", "toast", "", "[1, 2]"])
    }

    @Test func staysInsideOfOtherBytes() throws {
        let row = try decode(WireBytes.insert.bytes, RowMessage.init(decoding:))
        for count in 0..<WireBytes.insert.bytes.count {
            #expect(throws: PgOutputError.self) {
                try values(row.new, Array(WireBytes.insert.bytes.prefix(count)))
            }
        }
    }
}
