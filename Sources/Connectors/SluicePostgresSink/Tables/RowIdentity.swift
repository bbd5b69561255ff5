import SluicePostgres

/// What tells a table's rows apart, as far as their changes say it.
enum RowIdentity: Equatable {
    /// The values of these columns, by their places in the relation: never NULL, and no two rows have the same.
    case columns([Int])
    /// Only the whole row; two rows may be the same.
    case row

    /// Takes what changes of rows name: the replica identity, which is the primary key or a unique index that was chosen.
    ///
    /// `REPLICA IDENTITY FULL` names every column, so the primary key serves if there is one.
    init(of relation: Relation) {
        switch relation.replicaIdentity {
        case UInt8(ascii: "d"), UInt8(ascii: "i"):
            let places = relation.columns.indices.filter { relation.columns[$0].isIdentity }
            self = places.isEmpty ? .row : .columns(places)
        default:
            if case .columns(let places) = relation.primaryKey { self = .columns(places) } else { self = .row }
        }
    }
}
