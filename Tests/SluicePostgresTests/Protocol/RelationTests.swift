import SluicePostgres
import Testing

@Suite struct RelationTests {
    private func relation(_ identity: Character, flags: [UInt8]) throws -> Relation {
        var bytes = WireBytes("R").integer(UInt32(1)).text("public").text("t").byte(identity)
            .integer(Int16(flags.count))
        for (index, flag) in flags.enumerated() {
            bytes = bytes.integer(flag).text("c\(index)").integer(UInt32(23)).integer(Int32(-1))
        }
        return try decode(bytes.bytes, Relation.init(decoding:))
    }

    @Test func readsEverything() throws {
        let relation = try decode(WireBytes.relation.bytes, Relation.init(decoding:))
        #expect(relation.oid == 1)
        #expect(relation.schema == "public")
        #expect(relation.name == "users")
        #expect(relation.replicaIdentity == UInt8(ascii: "d"))
        #expect(
            relation.columns == [
                Column(name: "id", typeOID: 23, typeModifier: -1, isIdentity: true),
                Column(name: "name", typeOID: 25, typeModifier: -1, isIdentity: false),
            ]
        )
    }

    @Test func namesTheCatalogWhereTheServerDoesNot() throws {
        let bytes = WireBytes("R").integer(UInt32(1)).text("").text("t").byte("d").integer(Int16(0)).bytes
        #expect(try decode(bytes, Relation.init(decoding:)).schema == "pg_catalog")
    }

    @Test func fallsBackToTheIdentity() throws {
        #expect(try relation("d", flags: [0, 1, 1]).keyColumns == [1, 2])
        #expect(try relation("i", flags: [1, 0]).keyColumns == [0])
        #expect(try relation("d", flags: [0, 0]).keyColumns == nil)
        #expect(try relation("f", flags: [1, 1]).keyColumns == nil)
        #expect(try relation("n", flags: [0, 0]).keyColumns == nil)
    }

    @Test func takesTheKeyFromTheCatalogInItsOrder() throws {
        let relation = try relation("f", flags: [1, 1, 1])
        #expect(relation.needsKey)
        relation.resolveKey(["c2", "c0"])
        #expect(!relation.needsKey)
        #expect(relation.keyColumns == [2, 0])
        relation.resolveKey(nil)
        #expect(relation.keyColumns == [2, 0])
    }

    @Test func hasNoKeyIfAColumnIsNotPublished() throws {
        for names in [nil, [], ["c0", "hidden"]] as [[String]?] {
            let relation = try relation("d", flags: [1])
            relation.resolveKey(names)
            #expect(relation.primaryKey == .none)
            #expect(relation.keyColumns == nil)
        }
    }
}
