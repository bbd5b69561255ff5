import Foundation
import Testing

@testable import SluicePostgres

@Suite("Messages of schema changes")
struct SchemaMessageTests {
    private static let before = makeRelation([("id", 23, true), ("a", 25, false), ("b", 20, false)])

    private static func after(
        schema: String = "public",
        name: String = "users",
        identity: Character = "d",
        _ columns: [(name: String, type: UInt32, isIdentity: Bool)]
    ) -> Relation {
        makeRelation(schema: schema, name: name, identity: identity, columns)
    }

    private func changes(_ before: Relation, _ after: Relation) throws -> NSDictionary {
        let encoding = Encoding(after)
        var encoder = encoding.encoder
        let raw = encoding.raw(
            [WireBytes("T").integer(Int32(1)).integer(UInt8(0)).integer(UInt32(1)).bytes],
            schemaChanges: [(0, SchemaChange(before: before, after: after))]
        )
        let json = try object(encoder.encode(raw)[0].lines[0])
        return try #require(json["changes"] as? NSDictionary)
    }

    @Test("have exactly this form")
    func form() {
        let after = Relation(
            oid: 1,
            schema: "shop",
            name: "us\"ers",
            replicaIdentity: UInt8(ascii: "f"),
            columns: [
                Column(name: "id", typeOID: 23, typeModifier: -1, isIdentity: true),
                Column(name: "c", typeOID: 1700, typeModifier: 655_366, isIdentity: true),
            ]
        )
        let encoding = Encoding(after)
        var encoder = encoding.encoder
        let raw = encoding.raw(
            [WireBytes("I").integer(UInt32(1)).tuple("N", ["1", "1.50"]).bytes],
            schemaChanges: [(0, SchemaChange(before: Self.before, after: after))]
        )
        let change = encoder.encode(raw)[0]
        let expected =
            #"{"record":{"table_schema":"shop","table_name":"us\"ers","replica_identity":"full","columns":{"#
            + #""id":{"type_oid":23,"type_modifier":-1,"is_identity":true},"#
            + #""c":{"type_oid":1700,"type_modifier":655366,"is_identity":true}}},"#
            + #""changes":{"table_schema":"public","table_name":"users","replica_identity":"default","columns":{"#
            + #""a":{"type_oid":25,"type_modifier":-1,"is_identity":false},"#
            + #""b":{"type_oid":20,"type_modifier":-1,"is_identity":false},"c":null}},"#
            + #""action":"schema","metadata":{"table_schema":"shop","#
            + #""table_name":"us\"ers","commit_timestamp":"2026-01-01T03:04:05.678901Z","commit_lsn":24023128,"#
            + #""commit_idx":0,"idempotency_key":"MjQwMjMxMjg6MDotMQ==","record_pks":null,"#
            + #""transaction_annotations":null,"database_name":"shop","#
            + #""consumer":{"id":"s","name":"s","annotations":{}},"database":{"id":"73","name":"shop","#
            + #""annotations":{},"database":"shop","hostname":"db \"1\""}}}"#
        #expect(change.lines[0] == expected)
        #expect(String(decoding: Data(base64Encoded: "MjQwMjMxMjg6MDotMQ==")!, as: UTF8.self) == "24023128:0:-1")
        #expect(
            change.lines[1].contains(#""idempotency_key":"MjQwMjMxMjg6MA==""#),
            "The row's place is what it always is"
        )
        #expect(change.kind == .messages(count: 1))
        #expect(change.schemaCount == 1 && change.messageCount == 2 && change.cursor.sub == 0)
    }

    @Test("tell what was otherwise, and nothing else")
    func differences() throws {
        let id: (name: String, type: UInt32, isIdentity: Bool) = ("id", 23, true)
        let text = ["type_oid": 25, "type_modifier": -1, "is_identity": false] as NSDictionary
        let big = ["type_oid": 20, "type_modifier": -1, "is_identity": false] as NSDictionary
        let cases: [(String, Relation, NSDictionary)] = [
            (
                "added", Self.after([id, ("a", 25, false), ("b", 20, false), ("c", 16, false)]),
                ["columns": ["c": NSNull()]]
            ),
            ("dropped", Self.after([id, ("b", 20, false)]), ["columns": ["a": text]]),
            (
                "renamed", Self.after([id, ("x", 25, false), ("b", 20, false)]),
                ["columns": ["a": text, "x": NSNull()]]
            ),
            ("retyped", Self.after([id, ("a", 1043, false), ("b", 20, false)]), ["columns": ["a": text]]),
            ("made anew", Self.after([id, ("b", 20, false), ("a", 25, false)]), ["columns": ["a": text]]),
            ("in the key", Self.after([id, ("a", 25, false), ("b", 20, true)]), ["columns": ["b": big]]),
            (
                "table renamed", Self.after(name: "people", [id, ("a", 25, false), ("b", 20, false)]),
                ["table_name": "users"]
            ),
            (
                "table moved", Self.after(schema: "x", [id, ("a", 25, false), ("b", 20, false)]),
                ["table_schema": "public"]
            ),
            (
                "identity", Self.after(identity: "i", [id, ("a", 25, false), ("b", 20, false)]),
                ["replica_identity": "default"]
            ),
        ]
        for (name, after, expected) in cases {
            let told = try changes(Self.before, after)
            #expect(told == expected, "\(name)")
        }
    }

    @Test("of a truncate count down to -1, tables that are not wanted left out")
    func truncate() throws {
        let orders = makeRelation(oid: 2, name: "orders", [("id", 23, true)])
        let oldOrders = makeRelation(oid: 2, name: "orders", [("id", 20, true)])
        var encoding = Encoding(users, orders)
        let both = [
            (0, SchemaChange(before: Self.before, after: users)), (0, SchemaChange(before: oldOrders, after: orders)),
        ]
        let raw = encoding.raw([WireBytes.truncate.bytes, WireBytes.insert.bytes], schemaChanges: both)
        let changes = encoding.encoder.encode(raw)
        #expect(changes.map(\.schemaCount) == [2, 0] && changes.map(\.messageCount) == [4, 1])
        let keys = try changes[0].lines.map { line in
            let metadata = try #require(try object(line)["metadata"] as? [String: Any])
            let key = try #require(metadata["idempotency_key"] as? String)
            return try #require(metadata["table_name"] as? String) + " "
                + String(decoding: try #require(Data(base64Encoded: key)), as: UTF8.self)
        }
        #expect(
            keys == ["users 24023128:0:-2", "orders 24023128:0:-1", "users 24023128:0", "orders 24023128:0:1"]
        )
        var filtered = Encoding(users, orders, tables: TableFilter(["orders"]))
        let some = filtered.encoder.encode(raw)
        #expect(some[0].schemaCount == 1 && some[0].messageCount == 2 && some[0].lines[0].contains(":\"schema\""))
        #expect(some[1].kind == .filtered && some[1].messageCount == 0)
    }

    @Test("come once, before a row that cannot be read too, whichever part of a batch a processor gets")
    func placed() {
        var encoding = Encoding(users)
        let broken = WireBytes("I").integer(UInt32(1)).tuple("N", ["1"])
        let change = SchemaChange(before: Self.before, after: users)
        let raw = encoding.raw(
            [WireBytes.insert, broken, WireBytes.insert, WireBytes.commit].map(\.bytes),
            schemaChanges: [(1, change), (2, change)]
        )
        let whole = encoding.encoder.encode(raw)
        #expect(whole.map(\.schemaCount) == [0, 1, 1, 0])
        #expect(whole.map(\.lines.count) == [1, 2, 2, 0])
        #expect(whole[1].kind == .undecodable && whole[1].lines[0].contains(#""action":"schema""#))
        for start in raw.indices {
            let parts = encoding.encoder.encode(Array(raw[start...])).map(\.lines)
            #expect(parts == whole[start...].map(\.lines))
        }
    }
}
