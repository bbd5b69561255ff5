/// Reads big-endian fields from bytes of the server, one behind the other, and never past their end.
///
/// Ranges that it returns are offsets into the bytes given to ``init(_:message:)``.
package struct ByteReader {
    /// What is read.
    package let bytes: UnsafeRawBufferPointer

    /// Where the next field starts.
    package private(set) var position: Int

    private let end: Int
    private let message: StaticString

    /// Reads all of some bytes.
    ///
    /// - Parameters:
    ///   - bytes: Must stay valid as long as the reader is used.
    ///   - message: What the bytes are, for errors.
    @inline(__always)
    package init(_ bytes: UnsafeRawBufferPointer, message: StaticString) {
        self.init(bytes, in: 0..<bytes.count, message: message)
    }

    /// Reads a part of some bytes.
    ///
    /// - Parameters:
    ///   - bytes: Must stay valid as long as the reader is used.
    ///   - range: The part; what lies outside of the bytes is cut off.
    ///   - message: What the bytes are, for errors.
    @inline(__always)
    package init(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>, message: StaticString) {
        self.bytes = bytes
        let part = range.clamped(to: 0..<bytes.count)
        position = part.lowerBound
        end = part.upperBound
        self.message = message
    }

    /// How many bytes are left.
    @inline(__always)
    package var remaining: Int { end &- position }

    /// Reads one integer.
    @inline(__always)
    package mutating func read<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ type: Integer.Type,
        _ field: StaticString
    ) throws(PgOutputError) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard remaining >= size else { throw failure(.truncated, field, "is cut short") }
        let value = bytes.loadUnaligned(fromByteOffset: position, as: Integer.self)
        position &+= size
        return Integer(bigEndian: value)
    }

    /// Reads a length or a count that may not be negative.
    @inline(__always)
    package mutating func readCount<Integer: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
        _ type: Integer.Type,
        _ field: StaticString
    ) throws(PgOutputError) -> Int {
        let value = try read(type, field)
        guard value >= 0 else { throw failure(.negative, field, "is negative") }
        return Int(value)
    }

    /// Reads some bytes.
    @inline(__always)
    package mutating func readBytes(count: Int, _ field: StaticString) throws(PgOutputError) -> Range<Int> {
        guard count >= 0, count <= remaining else { throw failure(.truncated, field, "is cut short") }
        let start = position
        position &+= count
        return start..<position
    }

    /// Reads a text that a NUL ends; the range is without the NUL.
    package mutating func readText(_ field: StaticString) throws(PgOutputError) -> Range<Int> {
        let start = position
        var index = start
        while index < end {
            if bytes[index] == 0 {
                position = index &+ 1
                return start..<index
            }
            index &+= 1
        }
        throw failure(.unterminated, field, "has no end")
    }

    /// Reads a text that a NUL ends, and repairs it if it is not UTF-8.
    package mutating func readString(_ field: StaticString) throws(PgOutputError) -> String {
        let range = try readText(field)
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    /// Fails if anything is left.
    @inline(__always)
    package func finish() throws(PgOutputError) {
        guard position == end else {
            throw PgOutputError(.trailing, "\(message): \(remaining) bytes follow the last field.")
        }
    }

    /// The error that a field of this message has something wrong.
    @inline(never)
    package func failure(_ code: PgOutputError.Code, _ field: StaticString, _ problem: StaticString) -> PgOutputError {
        PgOutputError(code, "\(message): the \(field) \(problem), at byte \(position).")
    }
}
