/// The row of an Insert, Update or Delete as the server sent it, for sinks that store columns instead of messages.
///
/// Values are in Postgres' own text form, under the settings of ``SluicePostgres``' sessions: `DateStyle` ISO,
/// `IntervalStyle` postgres, hexadecimal `bytea`, shortest exact floating point, time zone UTC. So nothing is lost on the
/// way to a column of the same type.
public struct ChangedRow: Sendable {
    /// One column of a row.
    public enum Value: Hashable, Sendable {
        /// Not told: stored out of line and left as it was, or no part of the replica identity.
        case unknown
        /// NULL.
        case null
        /// The value's text, in UTF-8.
        case text(ArraySlice<UInt8>)
    }

    /// The table, as the row has it.
    public let table: Relation

    /// `insert`, `update` or `delete`.
    public let action: MessageAction

    /// The row after the change, in the order of the table's columns; empty for a delete.
    ///
    /// A value that the update did not send is that of the row before, if that is told.
    public let after: [Value]

    /// What is told of the row before the change, in the order of the table's columns; empty if nothing.
    public let before: [Value]

    /// Makes a row.
    public init(table: Relation, action: MessageAction, after: [Value], before: [Value]) {
        self.table = table
        self.action = action
        self.after = after
        self.before = before
    }
}

extension Change {
    /// The row of an insert, update or delete.
    ///
    /// It is `nil` for every other change, for rows that cannot be decoded, and for all unless the stream keeps rows.
    public var row: ChangedRow? { sentRow.flatMap { ChangedRow($0) } }

    /// The same as the server sent it.
    var sentRow: SentRow? {
        guard case .messages = kind else { return nil }
        // Ascending, but not dense: what lies between may be another processor's, or has no row.
        var (low, high) = (0, batch.rows.count)
        while low < high {
            let middle = (low + high) / 2
            if batch.rows[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        guard low < batch.rows.count, batch.rows[low].sequence == sequence else { return nil }
        return batch.rows[low]
    }
}

extension ChangedRow {
    init?(_ row: SentRow) {
        let start = row.range.lowerBound
        let table = row.table
        let (rows, message) = row.bytes.withUnsafeBytes { bytes in
            let bytes = UnsafeRawBufferPointer(rebasing: bytes[row.range])
            var rows = RowValues()
            guard let message = try? RowMessage(decoding: bytes), message.relationOID == table.oid,
                (try? rows.load(message, in: bytes, columnCount: table.columns.count)) != nil
            else { return (rows, nil as RowMessage?) }
            return (rows, message)
        }
        guard let message else { return nil }
        func value(_ value: TupleValue?) -> Value {
            switch value {
            case .text(let range): .text(row.bytes[start + range.lowerBound..<start + range.upperBound])
            case .null: .null
            case .unchangedToast, .binary, nil: .unknown
            }
        }
        self.init(
            table: table,
            action: message.action.told,
            after: rows.new.indices.map { value(rows.currentValue($0, of: table.plan)) },
            before: rows.old.indices.map { value(rows.oldValue($0, of: table.plan)) }
        )
    }
}
