/// A row's table is no longer what it was at the row before; its messages precede the row's.
public struct SchemaChange: Sendable {
    /// The table as the row before had it.
    public let before: Relation

    /// The table as the row has it.
    public let after: Relation

    /// Where the row's message starts in the bytes of its batch.
    let offset: Int32

    init(before: Relation, after: Relation, offset: Int32 = 0) {
        self.before = before
        self.after = after
        self.offset = offset
    }

    /// The same change, at the row that starts at an offset.
    func placed(at offset: Int32) -> SchemaChange {
        SchemaChange(before: before, after: after, offset: offset)
    }

    /// About how many bytes its message has.
    var messageBytes: Int {
        640 + 80 * (before.columns.count + after.columns.count) + before.plan.bytesBesideValues
            + after.plan.bytesBesideValues
    }
}
