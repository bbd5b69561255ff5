import Foundation
import SluicePostgres
import Testing

@Suite struct MessageTests {
    private let full = makeRelation(identity: "f", [("id", 23, true), ("name", 25, true), ("note", 25, true)])
    private let keyed = makeRelation([("id", 23, true), ("name", 25, false), ("note", 25, false)])

    private func line(_ relation: Relation, _ message: WireBytes) -> String {
        var encoding = Encoding(relation)
        return encoding.line(message)
    }

    private func start(_ type: Character) -> WireBytes { WireBytes(type).integer(UInt32(1)) }

    @Test func hasExactlyThisForm() {
        let expected =
            #"{"record":{"id":1,"name":"Ada"},"changes":null,"action":"insert","metadata":{"table_schema":"public","#
            + #""table_name":"users","commit_timestamp":"2026-01-01T03:04:05.678901Z","commit_lsn":24023128,"#
            + #""commit_idx":0,"idempotency_key":"MjQwMjMxMjg6MA==","record_pks":["1"],"#
            + #""transaction_annotations":null,"database_name":"shop","#
            + #""consumer":{"id":"s","name":"s","annotations":{}},"database":{"id":"73","name":"shop","#
            + #""annotations":{},"database":"shop","hostname":"db \"1\""}}}"#
        #expect(line(users, .insert) == expected)
    }

    @Test func tellsOldValuesOfChangedColumns() {
        let message = start("U").tuple("O", ["1", "Ada", .null]).tuple("N", ["1", "Bob", "x"])
        #expect(
            line(full, message).hasPrefix(
                #"{"record":{"id":1,"name":"Bob","note":"x"},"changes":{"name":"Ada","note":null},"action":"update","#
            )
        )
    }

    @Test func tellsNoChangesWithoutAnOldTuple() {
        let message = start("U").tuple("N", ["1", "Bob", .null])
        #expect(
            line(keyed, message).hasPrefix(
                #"{"record":{"id":1,"name":"Bob","note":null},"changes":{},"action":"update","#
            )
        )
    }

    @Test func comparesOnlyTheKeyWithAKeyTuple() {
        let changed = start("U").tuple("K", ["1", .null, .null]).tuple("N", ["2", "Bob", "x"])
        #expect(line(keyed, changed).contains(#","changes":{"id":1},"action":"update""#))
        #expect(line(keyed, changed).contains(#""record_pks":["2"]"#))
        let same = start("U").tuple("K", ["1", "stray", .null]).tuple("N", ["1", "Bob", "x"])
        #expect(line(keyed, same).contains(#","changes":{},"action":"update""#))
    }

    @Test func takesNullInAKeyTupleForNotTold() {
        let message = start("U").tuple("K", [.null, .null, .null]).tuple("N", ["2", "Bob", "x"])
        #expect(line(keyed, message).contains(#","changes":{},"action":"update""#))
    }

    @Test func leavesUnchangedToastOutAndNamesIt() {
        let message = start("U").tuple("N", ["1", .toast, .toast])
        #expect(line(keyed, message).hasPrefix(#"{"record":{"id":1},"changes":{},"#))
        #expect(line(keyed, message).hasSuffix(#","unchanged_toast":["name","note"]}}"#))
    }

    @Test func fillsUnchangedToastFromTheOldRow() {
        let message = start("U").tuple("O", ["1", "Ada", "long"]).tuple("N", ["1", "Bob", .toast])
        let line = line(full, message)
        #expect(line.hasPrefix(#"{"record":{"id":1,"name":"Bob","note":"long"},"changes":{"name":"Ada"},"#))
        #expect(!line.contains("unchanged_toast"))
    }

    @Test func takesAToastedKeyFromTheOldTuple() {
        let message = start("U").tuple("K", ["k", .null, .null]).tuple("N", [.toast, "Bob", "x"])
        let line = line(keyed, message)
        #expect(line.hasPrefix(#"{"record":{"id":"k","name":"Bob","note":"x"},"changes":{},"#))
        #expect(line.contains(#""record_pks":["k"]"#))
        let unknown = start("U").tuple("N", [.toast, "Bob", "x"])
        #expect(self.line(keyed, unknown).contains(#""record_pks":null"#))
    }

    @Test func tellsTheOldRowOfADelete() {
        let key = start("D").tuple("K", ["1", .null, .null])
        #expect(line(keyed, key).hasPrefix(#"{"record":{"id":1},"changes":null,"action":"delete","#))
        #expect(line(keyed, key).contains(#""record_pks":["1"]"#))
        #expect(!line(keyed, key).contains("unchanged_toast"))
        let whole = start("D").tuple("O", ["1", "Ada", .null])
        #expect(
            line(full, whole).hasPrefix(
                #"{"record":{"id":1,"name":"Ada","note":null},"changes":null,"action":"delete","#
            )
        )
        #expect(line(full, whole).contains(#""record_pks":null"#))
    }

    @Test func ordersTheKeyAsTheCatalogDoes() {
        let relation = makeRelation(identity: "f", [("b", 23, true), ("a", 1184, true), ("c", 25, true)])
        relation.resolveKey(["c", "b"])
        let message = start("I").tuple("N", ["1", "2026-01-02 03:04:05+00", "x\"y"])
        #expect(line(relation, message).contains(#""record_pks":["x\"y","1"]"#))
    }

    @Test func hasNoKeyWhenThePartsAreNotAllTold() {
        let relation = makeRelation(identity: "i", [("id", 23, false), ("code", 25, true)])
        relation.resolveKey(["id"])
        #expect(line(relation, start("D").tuple("K", [.null, "x"])).contains(#""record_pks":null"#))
    }

    @Test func escapesNames() throws {
        let relation = makeRelation(schema: "a\"b", name: "c\nd", [("e\\f", 25, false), ("ü", 25, false)])
        let json = try object(line(relation, start("I").tuple("N", ["1", "2"])))
        #expect(json["record"] as? [String: String] == ["e\\f": "1", "ü": "2"])
        let metadata = try #require(json["metadata"] as? [String: Any])
        #expect(metadata["table_schema"] as? String == "a\"b")
        #expect(metadata["table_name"] as? String == "c\nd")
    }

    @Test func makesOneMessageForEachTruncatedTable() throws {
        var encoding = Encoding(users, makeRelation(oid: 2, name: "orders", []))
        let changes = encoding.encode([.truncate])
        #expect(changes[0].kind == .messages(count: 2))
        let lines = changes[0].lines
        #expect(
            lines[0].hasPrefix(
                #"{"record":null,"changes":null,"action":"truncate","metadata":{"table_schema":"public","#
            )
        )
        #expect(lines[0].contains(#""table_name":"users""#))
        #expect(lines[1].contains(#""table_name":"orders""#))
        let keys = try lines.map { line in
            let metadata = try #require(try object(line)["metadata"] as? [String: Any])
            #expect(metadata["record_pks"] is NSNull)
            let key = try #require(metadata["idempotency_key"] as? String)
            return String(decoding: try #require(Data(base64Encoded: key)), as: UTF8.self)
        }
        #expect(keys == ["24023128:0", "24023128:0:1"])
    }

    @Test("E45: carries the bytes of what it cannot decode") func carriesWhatItCannotDecode() throws {
        let broken: [(WireBytes, String?)] = [
            (start("I").tuple("N", ["1"]), "users"),
            (start("I").tuple("N", ["1", .binary([1])]), "users"),
            (WireBytes(WireBytes.insert.bytes.dropLast()), "users"),
            (WireBytes("I").integer(UInt32(99)).tuple("N", ["1"]), nil),
            (WireBytes("I"), nil),
            (WireBytes("?").integer(UInt32(1)), nil),
            (.begin, nil),
            (WireBytes.commit.adding([1]), nil),
            (WireBytes("T").integer(Int32(1)).integer(UInt8(0)).integer(UInt32(98)), nil),
        ]
        for (message, name) in broken {
            var encoding = Encoding(users)
            let change = encoding.encode([message])[0]
            #expect(change.kind == .undecodable)
            #expect(change.lines.count == 1)
            let json = try object(change.lines[0])
            #expect(json["record"] is NSNull)
            #expect(json["changes"] is NSNull)
            #expect(json["action"] as? String == "undecodable")
            let metadata = try #require(json["metadata"] as? [String: Any])
            #expect(metadata["table_name"] as? String == name)
            #expect(metadata["commit_lsn"] as? Int == 24_023_128)
            #expect((metadata["error"] as? String)?.isEmpty == false)
            let raw = try #require(metadata["raw"] as? String)
            #expect(Data(base64Encoded: raw) == Data(message.bytes))
        }
    }
}

extension WireBytes {
    fileprivate init(_ bytes: some Sequence<UInt8>) {
        self = WireBytes("I")
        self.bytes = Array(bytes)
    }
}
