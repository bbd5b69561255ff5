/// Changes as bytes, to be kept outside of memory and made again: what a sink is given is the same.
///
/// A record stands for itself. It names its tables, so each can be read without the one before. All numbers are
/// big-endian.
///
/// ```
/// Int64   how many bytes the messages have, which are the record's last
/// Int32   tables: Int32 length, a Relation message; UInt8 what is known of the key, its columns; if the key's
///         highest bit is set, Int16 types, each UInt32 oid, Int32 length and schema, Int32 length and name
/// Int32   changes: UInt8 kind, UInt64 commit LSN, UInt64 index, then
///         of a commit    UInt64 end LSN
///         of messages    Int32 count, Int32 schema changes, Int32 bytes, Int32 labels and those
///         with a row     Int32 table, Int32 length and the row's message as the server sent it
/// …       the messages, each with its newline
/// ```
package enum ChangeRecord {
    static let messages: UInt8 = 0
    static let undecodable: UInt8 = 1
    static let filtered: UInt8 = 2
    static let commit: UInt8 = 3
    static let messagesWithRow: UInt8 = 4

    /// In the byte that says what is known of a table's key.
    static let hasTypes: UInt8 = 0x80

    /// What of a change is in a record beside its messages, at most and roughly: to know when a record is full.
    package static func size(of change: Change) -> Int {
        Int(change.length) + 64 * max(1, change.messageCount) + (change.sentRow?.range.count ?? 0)
    }

    /// Makes a record.
    ///
    /// Of changes without messages only commits and the last one are kept: a position can be at those only.
    ///
    /// - Parameter changes: At least one.
    /// - Returns: The bytes.
    package static func encode(_ changes: ArraySlice<Change>) -> [UInt8] {
        var writer = ChangeRecordWriter(capacity: changes.reduce(64) { $0 + size(of: $1) })
        return writer.encode(changes)
    }
}
