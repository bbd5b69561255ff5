/// A relation as one batch's messages see it: what is asked once for each batch instead of once for each row.
final class MessageTable {
    let oid: UInt32

    /// Rows of the table become messages.
    let isAccepted: Bool

    let plan: ColumnPlan

    /// The places of the columns that tell rows apart, if they are known.
    let keyColumns: [Int]?

    let relation: Relation

    init(_ relation: Relation, isAccepted: Bool) {
        oid = relation.oid
        self.isAccepted = isAccepted
        plan = relation.plan
        keyColumns = relation.keyColumns
        self.relation = relation
    }
}
