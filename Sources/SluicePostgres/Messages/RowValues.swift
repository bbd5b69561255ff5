/// The values of one row's tuples, with random access; kept between rows for their memory.
struct RowValues {
    /// The row before the change.
    private(set) var old: [TupleValue] = []

    /// The row after the change.
    private(set) var new: [TupleValue] = []

    /// How much the old row tells.
    private(set) var oldIsKey = false

    /// Takes the values out of a message.
    ///
    /// - Throws: If a tuple does not fit its relation.
    @inline(__always)
    mutating func load(
        _ row: RowMessage,
        in bytes: UnsafeRawBufferPointer,
        columnCount: Int
    ) throws(PgOutputError) {
        oldIsKey = false
        switch row.old {
        case .none:
            old.removeAll(keepingCapacity: true)
        case .key(let tuple):
            oldIsKey = true
            try Self.load(&old, tuple, in: bytes, columnCount)
        case .full(let tuple):
            try Self.load(&old, tuple, in: bytes, columnCount)
        }
        if let tuple = row.new {
            try Self.load(&new, tuple, in: bytes, columnCount)
        } else {
            new.removeAll(keepingCapacity: true)
        }
    }

    @inline(__always)
    private static func load(
        _ values: inout [TupleValue],
        _ tuple: Tuple,
        in bytes: UnsafeRawBufferPointer,
        _ columnCount: Int
    ) throws(PgOutputError) {
        guard tuple.columnCount == columnCount else { throw mismatch(tuple.columnCount, columnCount) }
        values.removeAll(keepingCapacity: true)
        var iterator = tuple.values(in: bytes)
        while let value = try iterator.next() {
            if case .binary = value {
                throw PgOutputError(.binaryValue, "Row: column \(values.count + 1) came in the binary format.")
            }
            values.append(value)
        }
    }

    @inline(never)
    private static func mismatch(_ count: Int, _ expected: Int) -> PgOutputError {
        PgOutputError(.columnCount, "Row: a tuple has \(count) columns, its relation has \(expected).")
    }

    /// Takes the row after the change away, so that what is left is a deleted row.
    mutating func takeNew() -> [TupleValue] {
        defer { new = [] }
        return new
    }

    /// Gives the row after the change back.
    mutating func putBack(_ new: [TupleValue]) {
        self.new = new
    }

    /// The old value of a column, or `nil` if it is not told.
    @inline(__always)
    func oldValue(_ column: Int, of plan: ColumnPlan) -> TupleValue? {
        guard column < old.count else { return nil }
        let value = old[column]
        if value == .unchangedToast { return nil }
        // Columns of an identity are never NULL: in a key tuple NULL stands for what is not told.
        if oldIsKey, value == .null || !plan.columns[column].isIdentity { return nil }
        return value
    }

    /// The value of a column after the change, or before it if that is all there is; `nil` if it is not told.
    @inline(__always)
    func currentValue(_ column: Int, of plan: ColumnPlan) -> TupleValue? {
        guard column < new.count else { return oldValue(column, of: plan) }
        let value = new[column]
        return value == .unchangedToast ? oldValue(column, of: plan) : value
    }
}
