/// A table's description, and the first row that had it.
package struct RelationVersion: Hashable, Sendable {
    /// The description.
    package let relation: Relation

    /// The place of the first row with this description, with `sub` 0.
    package let since: Cursor

    /// Makes a version.
    package init(_ relation: Relation, since: Cursor) {
        self.relation = relation
        self.since = since
    }

    /// Versions are the same if they begin at the same row and describe the same table in the same way.
    package static func == (left: RelationVersion, right: RelationVersion) -> Bool {
        left.since == right.since && left.relation.oid == right.relation.oid && left.relation.isSame(as: right.relation)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(since)
        hasher.combine(relation.oid)
    }
}

extension Relation {
    /// Whether another description says the same of the same table.
    func isSame(as other: Relation) -> Bool {
        schema == other.schema && name == other.name && replicaIdentity == other.replicaIdentity
            && columns == other.columns
    }
}
