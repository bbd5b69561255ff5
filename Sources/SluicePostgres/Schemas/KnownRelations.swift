/// What each table was like at its last row, and so which rows find their table changed.
///
/// A schema change belongs to the first row that has the new description: it is what lies between two rows of one table,
/// whatever Relation messages came in between. That makes it a fact of the stream. A server describes a table again in
/// each session, and again after changes that do not matter here, but to a row it always gives the same description.
///
/// So that a replay finds the same changes at the same rows, this is always the state *as of one row*, ``through``:
///
/// - rows at or below it are passed over, however often they come again. They must not set anything back, because a
///   session that breaks in the middle of a replay may go on above the rows that would set it forward again;
/// - rows above it are all seen, also those whose messages a sink has already. For that the state file holds the
///   versions up to the row that it remembers the sink at: those of later rows would hide changes that are still to be
///   told, and the server sends again at least everything behind that row.
///
/// A table that was never seen is only remembered: what it was like before is not invented. After the state file was
/// lost, a change that happened meanwhile is not told. That never moves a row: its place does not depend on what
/// precedes it, see ``Cursor/sub``.
///
/// Pure: no lock, no clock.
package struct KnownRelations: Sendable {
    private var versions: [UInt32: RelationVersion] = [:]

    /// The last row that was seen, or that the versions were remembered with; `nil` if there was none.
    package private(set) var through: Cursor?

    /// Starts with what is remembered.
    ///
    /// - Parameter versions: The newest of each table as of one row; none of a later row.
    package init(_ versions: [RelationVersion] = []) {
        for version in versions {
            self.versions[version.relation.oid] = version
            through = max(through ?? version.since, version.since)
        }
    }

    /// Goes on to a row.
    ///
    /// - Parameter cursor: The row's place, with `sub` 0.
    /// - Returns: Whether the row is new; if not, its tables must not be looked at.
    @inline(__always)
    mutating func advance(to cursor: Cursor) -> Bool {
        if let through, cursor <= through { return false }
        through = cursor
        return true
    }

    /// Looks at a table of the row that was gone on to.
    ///
    /// - Parameter relation: The table as the row has it.
    /// - Returns: The version that begins with the row and what it replaces; `nil` if nothing is new.
    mutating func look(at relation: Relation) -> (version: RelationVersion, before: Relation?)? {
        guard let through else { return nil }
        let known = versions[relation.oid]?.relation
        if let known, known === relation || known.isSame(as: relation) { return nil }
        let version = RelationVersion(relation, since: through)
        versions[relation.oid] = version
        return (version, known)
    }
}
