/// Which tables' rows become messages.
package struct TableFilter: Hashable, Sendable {
    /// Lets every table pass.
    package static let all = TableFilter([])

    private let names: Set<String>

    /// Makes a filter.
    ///
    /// A table whose own name has a dot is also found by that name.
    ///
    /// - Parameter names: `table` (in any schema) or `schema.table`, in the case that the catalog has; empty lets every
    ///   table pass.
    package init(_ names: [String]) {
        self.names = Set(names)
    }

    /// Whether rows of a table become messages.
    package func accepts(_ relation: Relation) -> Bool {
        names.isEmpty || names.contains(relation.name) || names.contains("\(relation.schema).\(relation.name)")
    }
}
