import SluicePostgres

/// How a column's type is found in another database.
enum TypeLookup: Equatable {
    /// By its number, which is the same in every Postgres.
    case builtIn(UInt32, modifier: Int32)
    /// By its name.
    case named(schema: String, name: String, modifier: Int32)
    /// Not at all: the column is text.
    case none

    /// Types whose values are names of things that another database need not have: `regclass` and the like, `aclitem`,
    /// and arrays of them.
    private static let local: Set<UInt32> = [
        24, 1008, 2202, 2207, 2203, 2208, 2204, 2209, 2205, 2210, 2206, 2211, 4096, 4097, 4089, 4090, 3734, 3735, 3769,
        3770, 4191, 4192, 1033, 1034,
    ]

    /// From here on numbers are given when a cluster is made.
    private static let firstAssigned: UInt32 = 10_000

    init(_ column: Column, in table: Relation) {
        if column.typeOID < Self.firstAssigned {
            self = Self.local.contains(column.typeOID) ? .none : .builtIn(column.typeOID, modifier: column.typeModifier)
        } else if let type = table.typeNames[column.typeOID] {
            self = .named(schema: type.schema, name: type.name, modifier: column.typeModifier)
        } else {
            self = .none
        }
    }

    /// An expression that is the type as SQL writes it, or NULL.
    var sql: String {
        switch self {
        case .builtIn(let oid, let modifier):
            "(select format_type(oid, \(modifier)) from pg_type where oid = \(oid))"
        case .named(let schema, let name, let modifier):
            """
            (select format_type(t.oid, \(modifier)) from pg_type t join pg_namespace n on n.oid = t.typnamespace \
            where n.nspname = \(quotedText(schema)) and t.typname = \(quotedText(name)))
            """
        case .none: "null::text"
        }
    }
}
