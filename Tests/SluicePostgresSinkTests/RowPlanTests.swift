import SluicePostgres
import SluiceSinks
import SluiceSinksTesting
import Testing

@testable import SluicePostgresSink

/// What is done for a row, without a server.
@Suite struct RowPlanTests {
    private static func relation(
        identity: Character,
        _ columns: [(name: String, isIdentity: Bool)],
        key: [String]? = nil
    ) -> Relation {
        let relation = Relation(
            oid: 1,
            schema: "public",
            name: "t",
            replicaIdentity: identity.asciiValue ?? 0,
            columns: columns.map { Column(name: $0.name, typeOID: 25, typeModifier: -1, isIdentity: $0.isIdentity) }
        )
        relation.resolveKey(key)
        return relation
    }

    private static let keyed = relation(identity: "d", [("a", true), ("b", false), ("c", false)], key: ["a"])
    static let place = Cursor(commitLSN: LSN(rawValue: 7), index: 3)

    private func mapping(_ relation: Relation, generated: Set<String> = []) -> TableMapping {
        let types = Dictionary(uniqueKeysWithValues: relation.columns.map { ($0.name, "text") })
        return TableMapping(
            name: TableName(schema: "s", table: "t"),
            source: relation,
            target: TargetTable(columns: types, generated: generated)
        )
    }

    private func row(
        _ relation: Relation,
        _ action: MessageAction,
        _ after: [String?] = [],
        before: [String?] = []
    ) -> ChangedRow {
        func values(_ texts: [String?]) -> [ChangedRow.Value] {
            texts.map { text in text == "?" ? .unknown : text.map { .text(ArraySlice($0.utf8)) } ?? .null }
        }
        return ChangedRow(table: relation, action: action, after: values(after), before: values(before))
    }

    /// The statements in one text each, with their values.
    private func plan(_ row: ChangedRow, generated: Set<String> = []) throws -> [String] {
        try RowPlan.statements(for: row, mapping(row.table, generated: generated), at: Self.place).map { statement in
            let values = statement.values.map { $0.map { String(decoding: $0, as: UTF8.self) } ?? "NULL" }
            return "\(statement.sql) [\(values.joined(separator: ","))]"
        }
    }

    private let upsert = """
        insert into "s"."t" ("a", "b", "c") overriding system value values ($1, $2, $3) on conflict ("a") do \
        update set "b" = excluded."b", "c" = excluded."c"
        """

    @Test func insertsAndWholeUpdatesAreUpserts() throws {
        #expect(try plan(row(Self.keyed, .insert, ["1", nil, "x"])) == ["\(upsert) [1,NULL,x]"])
        #expect(try plan(row(Self.keyed, .update, ["1", "", "x"])) == ["\(upsert) [1,,x]"])
        let same = row(Self.keyed, .update, ["1", "b", "x"], before: ["1", "?", "?"])
        #expect(try plan(same) == ["\(upsert) [1,b,x]"])
    }

    @Test func aTableOfItsKeyOnlyKeepsWhatIsThere() throws {
        let relation = Self.relation(identity: "d", [("a", true)], key: ["a"])
        #expect(
            try plan(row(relation, .insert, ["1"])) == [
                #"insert into "s"."t" ("a") overriding system value values ($1) on conflict ("a") do nothing [1]"#
            ]
        )
    }

    @Test func aValueOutOfLineIsLeftOut() throws {
        #expect(
            try plan(row(Self.keyed, .update, ["1", "?", nil])) == [
                #"update "s"."t" set "c" = $1 where "a" = $2 [NULL,1]"#
            ]
        )
        #expect(try plan(row(Self.keyed, .update, ["1", "?", "?"])) == [])
    }

    @Test func aKeyThatChangesIsADeleteAndAnUpsert() throws {
        let moved = row(Self.keyed, .update, ["2", "b", "c"], before: ["1", "?", "?"])
        #expect(try plan(moved) == [#"delete from "s"."t" where "a" = $1 [1]"#, "\(upsert) [2,b,c]"])
        // What is out of line is only there: the row itself has to move.
        let partial = row(Self.keyed, .update, ["2", "?", "c"], before: ["1", "?", "?"])
        #expect(
            try plan(partial) == [
                #"delete from "s"."t" where "a" = $1 and not ("a" = $2) [2,1]"#,
                #"update "s"."t" set "a" = $1, "c" = $2 where "a" = $3 [2,c,1]"#,
            ]
        )
    }

    @Test func deletesNameTheKeyAndNothingElse() throws {
        let relation = Self.relation(identity: "i", [("a", true), ("b", false), ("c", true)], key: ["b"])
        #expect(
            try plan(row(relation, .delete, before: ["1", "?", "3"])) == [
                #"delete from "s"."t" where "a" = $1 and "c" = $2 [1,3]"#
            ]
        )
    }

    @Test func identityFullWithAPrimaryKeyUsesThat() throws {
        let relation = Self.relation(identity: "f", [("a", true), ("b", true)], key: ["b"])
        #expect(try plan(row(relation, .delete, before: ["1", "2"])) == [#"delete from "s"."t" where "b" = $1 [2]"#])
    }

    @Test func withoutAKeyOneEqualRowIsMeant() throws {
        let relation = Self.relation(identity: "f", [("a", true), ("b", true)])
        let insert = #"insert into "s"."t" ("a", "b") overriding system value values ($1, $2)"#
        #expect(try plan(row(relation, .insert, ["1", nil])) == ["\(insert) [1,NULL]"])
        let place = """
            (tableoid, ctid) = (select tableoid, ctid from "s"."t" where "a"::text is not distinct from $1::text::text \
            and "b"::text is not distinct from $2::text::text limit 1)
            """
        #expect(
            try plan(row(relation, .delete, before: ["1", nil])) == [#"delete from "s"."t" where \#(place) [1,NULL]"#]
        )
        let update = try plan(row(relation, .update, ["2", "x"], before: ["1", nil]))
        #expect(update.first?.hasPrefix(#"update "s"."t" set "a" = $1, "b" = $2 where (tableoid, ctid)"#) == true)
        #expect(update.first?.hasSuffix("[2,x,1,NULL]") == true)
    }

    @Test func whatTheDatabaseComputesIsLeftOut() throws {
        #expect(
            try plan(row(Self.keyed, .insert, ["1", "2", "3"]), generated: ["b"]) == [
                """
                insert into "s"."t" ("a", "c") overriding system value values ($1, $2) on conflict ("a") do \
                update set "c" = excluded."c" [1,3]
                """
            ]
        )
    }

    @Test func aRowThatDoesNotNameItselfIsRefused() throws {
        let error = #expect(throws: SinkError.self) { try plan(row(Self.keyed, .update, ["?", "b", "c"])) }
        #expect(error?.code == .refused && error?.message.contains(#"column "a""#) == true)
    }
}
