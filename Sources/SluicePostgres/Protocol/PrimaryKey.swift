/// What is known of a relation's primary key.
///
/// A Relation message marks the replica identity, which need not be the primary key, so the key is looked up in the
/// catalog.
package enum PrimaryKey: Hashable, Sendable {
    /// The catalog has not been asked yet.
    case unresolved
    /// There is none, or a column of it is not published.
    case none
    /// The columns' places in the relation, in the key's own order.
    case columns([Int])
}

extension Relation {
    /// Whether the catalog has still to be asked for the primary key.
    package var needsKey: Bool { primaryKey == .unresolved }

    /// Says what the catalog answered; only the first answer counts.
    ///
    /// - Parameter names: The key's columns in the key's order; `nil` or empty if the table has no primary key.
    package func resolveKey(_ names: [String]?) {
        let places = (names ?? []).map { name in columns.firstIndex { $0.name == name } }
        let known = places.compactMap(\.self)
        setPrimaryKey(known.isEmpty || known.count < places.count ? .none : .columns(known))
    }

    /// Whether a change of the key always comes with the key before it.
    ///
    /// It does if every column of the key is part of the replica identity; where that is nothing, rows never change.
    package var isKeyCovered: Bool {
        guard let keyColumns else { return false }
        return replicaIdentity == UInt8(ascii: "n") || keyColumns.allSatisfy { columns[$0].isIdentity }
    }

    /// The places of the columns that tell rows apart, or `nil` if none are known.
    ///
    /// Until the catalog has answered these are the replica identity's columns, if it is the default or an index.
    package var keyColumns: [Int]? {
        switch primaryKey {
        case .columns(let places): return places
        case .none: return nil
        case .unresolved:
            guard replicaIdentity == UInt8(ascii: "d") || replicaIdentity == UInt8(ascii: "i") else { return nil }
            let places = columns.indices.filter { columns[$0].isIdentity }
            return places.isEmpty ? nil : places
        }
    }
}
