import SluicePostgres
import SluiceSinks
import Testing

@testable import SluicePostgresSink

/// Types, definitions, names and the words of errors, without a server.
@Suite struct DefinitionTests {
    private static let table = Relation(
        oid: 1,
        schema: "public",
        name: "t",
        replicaIdentity: UInt8(ascii: "d"),
        columns: [
            Column(name: "id", typeOID: 23, typeModifier: -1, isIdentity: true),
            Column(name: "a \"b\"", typeOID: 1043, typeModifier: 24, isIdentity: false),
        ]
    )

    @Test func typesAreFoundByNumberByNameOrNotAtAll() throws {
        func lookup(_ oid: UInt32, _ modifier: Int32 = -1) -> TypeLookup {
            TypeLookup(Column(name: "c", typeOID: oid, typeModifier: modifier, isIdentity: false), in: Self.table)
        }
        #expect(lookup(1700, 1_310_724) == .builtIn(1700, modifier: 1_310_724))
        #expect(lookup(2205) == .none && lookup(1033) == .none)
        #expect(lookup(16_500) == .none)
        let named = TypeLookup.named(schema: "it's", name: "m\\d", modifier: -1).sql
        #expect(named.contains("nspname = 'it''s'") && named.contains(#"typname =  E'm\\d'"#))
    }

    @Test func tablesAndColumnsAreMadeWithTheirKey() {
        let name = TableName(schema: "s", table: "t")
        let types = ["id": "integer", "a \"b\"": "character varying(20)"]
        let all = TableDefinition(name: name, source: Self.table, missing: Self.table.columns, types: types)
        let creation = #"create table "s"."t" ("id" integer, "a ""b""" character varying(20), primary key ("id"))"#
        #expect(all.statements(hasSchema: true, hasTable: false) == [creation])
        #expect(all.statements(hasSchema: false, hasTable: false) == [#"create schema "s""#, creation])
        let one = TableDefinition(name: name, source: Self.table, missing: [Self.table.columns[1]], types: [:])
        #expect(one.statements(hasSchema: true, hasTable: true) == [#"alter table "s"."t" add column "a ""b""" text"#])
    }

    @Test func urlsHaveOptionsOfTheirOwn() throws {
        let url = try PostgresSinkURL("postgres://u:tops3cret@h:7777/d?schema=a%20b&sslmode=disable&cursor=c")
        #expect(url.settings.schema == "a b" && url.settings.cursor == "c")
        #expect(url.settings.identity == "postgres://u@h:7777/d?schema=a b&cursor=c")
        #expect(try PostgresSinkURL("postgresql://u@h/d").settings.identity == "postgres://u@h:5432/d?cursor=sluice")
        let secret = "postgres://u:tops3cret@h/d"
        for text in ["postgres:d", "http://h/d", "\(secret)?schema=%00", "\(secret)?x=1"] {
            let error = #expect(throws: SinkError.self) { try PostgresSinkURL(text) }
            #expect(error?.code == .badURL && error?.message.contains("tops3cret") == false)
        }
    }

    @Test(arguments: [
        ("22P02", SinkError.Code.refused, "does not fit"), ("23505", .refused, "constraint"),
        ("42501", .noPermission, "GRANT"), ("42P10", .missing, "ADD PRIMARY KEY"), ("53100", .noSpace, "room"),
        ("P0001", .inputOutput, "P0001"),
    ])
    func errorsSayWhatToDoAndShowNoValues(state: String, code: SinkError.Code, word: String) throws {
        let target = try ConnectionTarget("postgres://u@h/d")
        let failure = StatementFailure(statement: 0, sqlState: state, constraint: "k", said: "value \"private\"")
        let error = SinkError(refusal: failure, .row(RowPlanTests.place, "\"s\".\"t\""), target: target)
        #expect(error.code == code && error.message.contains(word), "\(error)")
        #expect(error.message.contains("the change at 0/7:3 of \"s\".\"t\""), "\(error)")
        let mayRepeat = ["42501", "42P10", "53100"].contains(state)
        #expect(error.message.contains("private") == mayRepeat, "\(error)")
    }
}
