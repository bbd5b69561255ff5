/// What the order of messages is kept by: one row of a table, or a table as a whole.
///
/// Messages of one row keep their order, and a message of a table as a whole keeps its place among those of all its rows.
public struct MessageKey: Hashable, Sendable {
    /// The table's schema.
    public let schema: String

    /// The table's name.
    public let table: String

    /// The primary key's values in the key's order, in Postgres' text form, as a JSON array: `["7","a"]`.
    ///
    /// `nil`: the table as a whole. That is a truncate, a schema change, a row that could not be read, and each row of a
    /// table whose rows cannot be told apart: it has no primary key, or its replica identity leaves the key out, so that
    /// changes of the key would go unnoticed.
    public let row: String?

    /// Makes a key.
    public init(schema: String, table: String, row: String? = nil) {
        self.schema = schema
        self.table = table
        self.row = row
    }
}

extension Change {
    /// What a message belongs to, made when it is asked for.
    ///
    /// Two keys are those of an update that changes the key, or of a table that was renamed: the message waits for both,
    /// and both wait for it. A key that an update left out of line is the same before and after.
    ///
    /// - Parameter number: The message's number among those of this change, from 0.
    /// - Returns: The key, and behind it the one before the change if that was another. Empty if it is not known: then
    ///   the message keeps its place among all.
    public func keys(ofMessage number: Int) -> [MessageKey] {
        guard let label = label(ofMessage: number), let table = label.table else { return [] }
        let row = label.row.map { String(decoding: batch.bytes[$0], as: UTF8.self) }
        let key = MessageKey(schema: table.schema, table: table.name, row: row)
        switch label.previous {
        case .row(let text): return [key, MessageKey(schema: table.schema, table: table.name, row: text)]
        case .table(let before): return [key, MessageKey(schema: before.schema, table: before.name)]
        case nil: return [key]
        }
    }
}

/// What is known of a message without reading it.
package struct MessageLabel: Sendable {
    /// What it tells.
    package let action: MessageAction

    /// The table that it is of; `nil` if that is not known.
    package let table: Relation?

    /// Where the row's key is in the batch's bytes, see ``MessageKey/row``; `nil`: it is of the table as a whole.
    package let row: Range<Int>?

    let previous: BatchKeys.Previous?

    /// The row's key before the change, if it was another.
    package var previousRow: String? {
        if case .row(let text) = previous { text } else { nil }
    }
}

extension Change {
    /// What is known of a message without reading it.
    ///
    /// - Parameter number: The message's number among those of this change, from 0.
    /// - Returns: `nil` if there is no such message, or nothing is known of it.
    package func label(ofMessage number: Int) -> MessageLabel? {
        let place = Int(firstKey) + number
        guard firstKey >= 0, number >= 0, number < messageCount, place < batch.keys.entries.count else { return nil }
        let entry = batch.keys.entries[place]
        let start = Int(offset) + Int(entry.start)
        return MessageLabel(
            action: entry.action,
            table: entry.table < 0 ? nil : batch.keys.tables[Int(entry.table)],
            row: entry.length == 0 ? nil : start..<start + Int(entry.length),
            previous: entry.previous < 0 ? nil : batch.keys.previous[Int(entry.previous)]
        )
    }
}

/// Where the keys of a batch's messages are; texts are made only when they are asked for.
struct BatchKeys: Sendable {
    /// One message's key.
    struct Entry: Sendable {
        var action: MessageAction

        /// The place of the table in ``BatchKeys/tables``; negative if it is not known.
        var table: Int32

        /// Where the row's key starts, from the start of the change's messages.
        var start: Int32 = 0

        /// How many bytes the row's key has; 0 if it is the whole table.
        var length: Int32 = 0

        /// The place of the key before in ``BatchKeys/previous``; negative if it is the same.
        var previous: Int32 = -1
    }

    /// A key that a message has besides its own.
    enum Previous: Sendable {
        /// Another row of the table, as a JSON array.
        case row(String)
        /// The table under another name.
        case table(Relation)
    }

    /// The messages' keys, in the messages' order.
    var entries: [Entry] = []

    /// The tables that the entries name.
    var tables: [Relation] = []

    /// The keys of before that the entries name.
    var previous: [Previous] = []
}
