import Synchronization

/// One column as a Relation message describes it.
public struct Column: Hashable, Sendable {
    /// The column's name.
    public let name: String

    /// The oid of the column's type.
    public let typeOID: UInt32

    /// Type modifier, -1 if there is none.
    public let typeModifier: Int32

    /// Part of the replica identity.
    ///
    /// With `REPLICA IDENTITY FULL` every column is; it says nothing of the primary key.
    public let isIdentity: Bool

    /// Makes a column.
    public init(name: String, typeOID: UInt32, typeModifier: Int32, isIdentity: Bool) {
        self.name = name
        self.typeOID = typeOID
        self.typeModifier = typeModifier
        self.isIdentity = isIdentity
    }
}

/// The relations of a session by oid: a value, so that a batch keeps the versions that its rows were sent with.
public struct RelationTable: Sendable {
    private var relations: [UInt32: Relation] = [:]

    /// Makes an empty table.
    public init() {}

    /// The relation with an oid, if the server has described it.
    public subscript(oid: UInt32) -> Relation? { relations[oid] }

    /// Adds a relation, or replaces an older version of it.
    public mutating func update(_ relation: Relation) {
        relations[relation.oid] = relation
    }
}

/// One version of a table's description; only what is known of its primary key is settled later.
public final class Relation: Sendable {
    /// The table's oid.
    public let oid: UInt32

    /// The schema's name; `pg_catalog` where pgoutput sends an empty one.
    public let schema: String

    /// The table's name.
    public let name: String

    /// `d` default, `n` nothing, `f` full, `i` an index.
    public let replicaIdentity: UInt8

    /// The published columns, in the order of the tuples.
    public let columns: [Column]

    /// The names of the columns' types that are not built in, by their oids, as far as the server has told them.
    package let typeNames: [UInt32: TypeName]

    /// What was prepared for encoding rows of this relation.
    let plan: ColumnPlan

    private let key = Mutex(PrimaryKey.unresolved)

    /// Makes a relation.
    public convenience init(oid: UInt32, schema: String, name: String, replicaIdentity: UInt8, columns: [Column]) {
        self.init(
            oid: oid,
            schema: schema,
            name: name,
            replicaIdentity: replicaIdentity,
            columns: columns,
            typeNames: [:]
        )
    }

    /// Makes a relation whose columns may have types that are not built in.
    package init(
        oid: UInt32,
        schema: String,
        name: String,
        replicaIdentity: UInt8,
        columns: [Column],
        typeNames: [UInt32: TypeName]
    ) {
        self.oid = oid
        self.schema = schema
        self.name = name
        self.replicaIdentity = replicaIdentity
        self.columns = columns
        self.typeNames = typeNames
        plan = ColumnPlan(schema: schema, name: name, columns: columns)
    }

    /// What is known of the primary key.
    package var primaryKey: PrimaryKey { key.withLock { $0 } }

    /// Settles what the primary key is, unless that is settled already.
    func setPrimaryKey(_ resolved: PrimaryKey) {
        key.withLock { key in
            if key == .unresolved { key = resolved }
        }
    }
}
