/// One column's value in a tuple; ranges are offsets into the bytes of the message.
package enum TupleValue: Hashable, Sendable {
    /// NULL; in a key tuple also every column outside of the key, whose value is not told.
    case null
    /// A value stored out of line that an update left as it was: not sent.
    case unchangedToast
    /// Postgres' text form.
    case text(Range<Int>)
    /// Postgres' binary form.
    case binary(Range<Int>)
}

/// The values of one row, still in the bytes of the message.
package struct Tuple: Hashable, Sendable {
    /// How many values there are.
    package let columnCount: Int

    /// Where the values are in the bytes of the message.
    package let range: Range<Int>

    /// Reads over a tuple and checks that it is whole.
    @inline(__always)
    init(reading reader: inout ByteReader) throws(PgOutputError) {
        columnCount = try reader.readCount(Int16.self, "number of columns")
        let start = reader.position
        for _ in 0..<columnCount { _ = try reader.readTupleValue() }
        range = start..<reader.position
    }

    /// The values in the order of the relation's columns.
    ///
    /// - Parameter bytes: The same bytes that the tuple was decoded from.
    /// - Returns: An iterator over them.
    @inline(__always)
    package func values(in bytes: UnsafeRawBufferPointer) -> TupleValues {
        TupleValues(reader: ByteReader(bytes, in: range, message: "Tuple"), remaining: columnCount)
    }
}

/// Walks over the values of a tuple.
package struct TupleValues {
    private var reader: ByteReader

    /// How many values are left.
    package private(set) var remaining: Int

    @inline(__always)
    fileprivate init(reader: ByteReader, remaining: Int) {
        self.reader = reader
        self.remaining = remaining
    }

    /// The next value, or `nil` behind the last.
    ///
    /// - Throws: Only if the bytes are not those that the tuple was decoded from.
    @inline(__always)
    package mutating func next() throws(PgOutputError) -> TupleValue? {
        guard remaining > 0 else { return nil }
        remaining &-= 1
        return try reader.readTupleValue()
    }
}

extension ByteReader {
    @inline(__always)
    fileprivate mutating func readTupleValue() throws(PgOutputError) -> TupleValue {
        switch try read(UInt8.self, "kind of a value") {
        case UInt8(ascii: "t"):
            let count = try readCount(Int32.self, "length of a value")
            return .text(try readBytes(count: count, "value"))
        case UInt8(ascii: "n"):
            return .null
        case UInt8(ascii: "u"):
            return .unchangedToast
        case UInt8(ascii: "b"):
            let count = try readCount(Int32.self, "length of a value")
            return .binary(try readBytes(count: count, "value"))
        default:
            throw failure(.unknownValue, "kind of a value", "is unknown")
        }
    }
}
