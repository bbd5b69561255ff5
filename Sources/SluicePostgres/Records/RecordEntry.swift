/// One change as a record describes it.
struct RecordEntry {
    /// What is known of one message without reading it.
    struct Label {
        var action: MessageAction
        /// Its place among the record's tables; negative if it is not known.
        var table: Int32
        var start: Int32
        var length: Int32
        var previous: BatchKeys.Previous?
        /// The place of the table that it was before.
        var before: Int?
    }

    /// The row that the messages were made of.
    struct Row {
        /// Its place among the record's tables.
        var table: Int
        /// Where in the record its message is.
        var message: Range<Int>
    }

    var cursor: Cursor
    var kind: Change.Kind
    var schemaCount: Int32 = 0
    var length: Int32 = 0
    var labels: [Label] = []
    var row: Row?

    /// The cursor of the change's last message.
    var lastCursor: Cursor {
        guard case .messages(let count) = kind else { return cursor }
        return Cursor(commitLSN: cursor.commitLSN, index: cursor.index, sub: max(count - 1, 0))
    }
}
