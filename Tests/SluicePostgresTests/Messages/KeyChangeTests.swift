import Foundation
import Testing

@testable import SluicePostgres

@Suite("An update that changes the key, for sinks that keep the last message of each key")
struct KeyChangeTests {
    private static let full = makeRelation(identity: "f", [("id", 23, true), ("name", 25, true)])

    private func encode(_ relation: Relation, _ message: WireBytes) throws -> (change: Change, objects: [[String: Any]])
    {
        relation.resolveKey(["id"])
        var encoding = Encoding(relation)
        encoding.encoder = ChangeEncoder(source: Encoding.source, splitsKeyChanges: true)
        let change = encoding.encode([message])[0]
        return (change, try change.lines.map(object))
    }

    private func metadata(_ object: [String: Any], _ name: String) -> String {
        let value = (object["metadata"] as? [String: Any])?[name]
        return value.map { "\($0)" } ?? "none"
    }

    @Test("is a delete of the old key and an insert of the new, in this order")
    func split() throws {
        let update = WireBytes("U").integer(UInt32(1)).tuple("K", ["1", .null]).tuple("N", ["2", "Ada"])
        let (change, objects) = try encode(makeRelation([("id", 23, true), ("name", 25, false)]), update)
        #expect(change.kind == .messages(count: 2))
        #expect(objects.map { $0["action"] as? String } == ["delete", "insert"])
        #expect(objects.map { $0["record"] as? NSDictionary } == [["id": 1], ["id": 2, "name": "Ada"]])
        #expect(objects.allSatisfy { $0["changes"] is NSNull })
        #expect(objects.map { metadata($0, "commit_idx") } == ["0", "0"])
        #expect(metadata(objects[0], "idempotency_key") == change.cursor.idempotencyKey)
        var second = change.cursor
        second.sub = 1
        #expect(metadata(objects[1], "idempotency_key") == second.idempotencyKey)
        #expect(change.label(ofMessage: 0)?.action == .delete && change.label(ofMessage: 1)?.action == .insert)
        // The insert waits for the delete: it belongs to both keys.
        #expect(change.keys(ofMessage: 0).map(\.row) == [#"["1"]"#])
        #expect(change.keys(ofMessage: 1).map(\.row) == [#"["2"]"#, #"["1"]"#])
    }

    @Test("has the whole old row in the delete, and fills holes of the new one, if the identity is FULL")
    func fullIdentity() throws {
        let update = WireBytes("U").integer(UInt32(1)).tuple("O", ["1", "Ada"]).tuple("N", ["2", .toast])
        let (_, objects) = try encode(Self.full, update)
        #expect(
            objects.map { $0["record"] as? NSDictionary } == [["id": 1, "name": "Ada"], ["id": 2, "name": "Ada"]]
        )
    }

    @Test("is one message if the key stays")
    func sameKey() throws {
        let update = WireBytes("U").integer(UInt32(1)).tuple("O", ["1", "Ada"]).tuple("N", ["1", "Bea"])
        let (change, objects) = try encode(Self.full, update)
        #expect(change.kind == .messages(count: 1))
        #expect(objects.map { $0["action"] as? String } == ["update"])
    }
}
