import SluicePostgres

/// What stands before a record's payload in a segment: its checksum, length and place, and the last change in it.
///
/// All numbers are little-endian: UInt32 checksum of everything behind it, UInt32 length of the payload, UInt64 offset,
/// UInt64 commit LSN, UInt64 index, Int32 sub, UInt32 number of changes.
struct LogRecord: Hashable, Sendable {
    static let headerSize = 40

    /// How many bytes the payload has; at least 1.
    var length: Int

    /// Where the record starts: how many bytes of records the log has had before.
    var offset: UInt64

    /// The last cursor in it.
    var last: Cursor

    /// How many changes it was made of.
    var count: Int

    /// How many bytes it has with its header.
    var size: Int { Self.headerSize + length }

    /// Where the next record starts.
    var end: UInt64 { offset + UInt64(size) }

    init(length: Int, offset: UInt64, last: Cursor, count: Int) {
        self.length = length
        self.offset = offset
        self.last = last
        self.count = count
    }

    /// Reads a header; nothing of it is known to be right before ``checksum(of:)`` is.
    ///
    /// - Parameter bytes: At least ``headerSize``.
    init(reading bytes: UnsafeRawBufferPointer) {
        func load<Number: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: Number.Type) -> Number {
            Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
        }
        length = Int(load(4, UInt32.self))
        offset = load(8, UInt64.self)
        last = Cursor(
            commitLSN: LSN(rawValue: load(16, UInt64.self)),
            index: load(24, UInt64.self),
            sub: load(32, Int32.self)
        )
        count = Int(load(36, UInt32.self))
    }

    /// Whether a record's checksum is right.
    ///
    /// - Parameter bytes: The header and the payload.
    /// - Returns: Whether it is.
    static func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
        UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)) == checksum(of: bytes)
    }

    /// The record as it is in the segment.
    func encoded(_ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0, 0, 0, 0]
        bytes.reserveCapacity(size)
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(UInt32(truncatingIfNeeded: length))
        append(offset)
        append(last.commitLSN.rawValue)
        append(last.index)
        append(last.sub)
        append(UInt32(truncatingIfNeeded: count))
        bytes += payload
        let checksum = bytes.withUnsafeBytes { Self.checksum(of: $0) }
        withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(0..<4, with: $0) }
        return bytes
    }

    private static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: bytes[4...]))
    }
}
