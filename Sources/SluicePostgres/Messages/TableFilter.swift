/// Which tables' rows become messages.
package struct TableFilter: Hashable, Sendable {
    /// Lets every table pass.
    package static let all = TableFilter([])

    /// A table has to be in each of these.
    private var choices: [Set<String>]

    /// Makes a filter.
    ///
    /// A table whose own name has a dot is also found by that name.
    ///
    /// - Parameter names: `table` (in any schema) or `schema.table`, in the case that the catalog has; empty lets every
    ///   table pass.
    package init(_ names: [String]) {
        choices = names.isEmpty ? [] : [Set(names)]
    }

    /// Lets pass what both let pass.
    package func and(_ other: TableFilter) -> TableFilter {
        var both = self
        both.choices += other.choices
        return both
    }

    /// Whether rows of a table become messages.
    package func accepts(_ relation: Relation) -> Bool {
        accepts(schema: relation.schema, name: relation.name)
    }

    func accepts(schema: String, name: String) -> Bool {
        choices.allSatisfy { names in names.contains(name) || names.contains("\(schema).\(name)") }
    }
}
