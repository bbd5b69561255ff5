import SluicePostgres

/// What a segment's file starts with: whose log it is, where in it the segment starts, and behind which change.
///
/// 8 bytes `SLUICELG`, then little-endian UInt32 version (2 if rows are kept beside the messages, else 1), UInt32 length of the header, UInt64 start, UInt64 commit LSN,
/// UInt64 index, Int32 sub, UInt16 length and the source's text, UInt32 checksum of all before.
struct SegmentHeader: Hashable, Sendable {
    private static let magic = Array("SLUICELG".utf8)
    private static let version: UInt32 = 1
    private static let versionWithRows: UInt32 = 2
    /// Up to the source's text.
    private static let fixedSize = 8 + 4 + 4 + 8 + 8 + 8 + 4 + 2
    /// No header is longer.
    static let longest = 1024

    /// The offset of the segment's first record.
    var start: UInt64

    /// The last change before the segment.
    var after: Cursor

    /// Whose changes they are.
    var source: SourceIdentity

    /// Whether the rows of its changes are in it as well as their messages.
    var hasRows: Bool

    /// How many bytes it takes.
    var size: Int { Self.fixedSize + Self.text(of: source).utf8.count + 4 }

    init(start: UInt64, after: Cursor, source: SourceIdentity, hasRows: Bool = false) {
        self.start = start
        self.after = after
        self.source = source
        self.hasRows = hasRows
    }

    /// Reads a header; `nil` if the bytes do not start with a whole one.
    init?(reading bytes: UnsafeRawBufferPointer) {
        func load<Number: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: Number.Type) -> Number {
            Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
        }
        guard bytes.count >= Self.fixedSize, bytes.starts(with: Self.magic),
            [Self.version, Self.versionWithRows].contains(load(8, UInt32.self))
        else { return nil }
        hasRows = load(8, UInt32.self) == Self.versionWithRows
        let size = Int(load(12, UInt32.self))
        let textSize = Int(load(44, UInt16.self))
        guard size == Self.fixedSize + textSize + 4, size <= bytes.count else { return nil }
        let checksum = CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: bytes[..<(size - 4)]))
        guard load(size - 4, UInt32.self) == checksum else { return nil }
        let parts = String(decoding: bytes[Self.fixedSize..<Self.fixedSize + textSize], as: UTF8.self)
            .split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        start = load(16, UInt64.self)
        after = Cursor(
            commitLSN: LSN(rawValue: load(24, UInt64.self)),
            index: load(32, UInt64.self),
            sub: load(40, Int32.self)
        )
        source = SourceIdentity(systemIdentifier: String(parts[0]), timeline: 0, slot: String(parts[1]))
    }

    /// The header as it is in the file.
    var encoded: [UInt8] {
        var bytes = Self.magic
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        let text = Array(Self.text(of: source).utf8)
        append(hasRows ? Self.versionWithRows : Self.version)
        append(UInt32(size))
        append(start)
        append(after.commitLSN.rawValue)
        append(after.index)
        append(after.sub)
        append(UInt16(text.count))
        bytes += text
        append(bytes.withUnsafeBytes { CRC32C.checksum(of: $0) })
        return bytes
    }

    /// The timeline is not part of it: a log goes on after a promotion.
    private static func text(of source: SourceIdentity) -> String {
        "\(source.systemIdentifier)\n\(source.slot)"
    }
}
