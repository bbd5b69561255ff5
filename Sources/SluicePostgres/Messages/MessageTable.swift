/// A relation as one batch's messages see it: what is asked once for each batch instead of once for each row.
final class MessageTable {
    let oid: UInt32

    /// Rows of the table become messages.
    let isAccepted: Bool

    let plan: ColumnPlan

    /// The places of the columns that tell rows apart, if they are known.
    let keyColumns: [Int]?

    let relation: Relation

    /// The place among the tables of the messages' keys.
    let number: Int32

    /// Whether a row's key tells every change of that key, so that it can order the row's messages.
    let isOrderedByKey: Bool

    init(_ relation: Relation, isAccepted: Bool, number: Int32) {
        oid = relation.oid
        self.isAccepted = isAccepted
        plan = relation.plan
        keyColumns = relation.keyColumns
        self.relation = relation
        self.number = number
        isOrderedByKey = relation.isKeyCovered
    }
}
