/// Reads a file line by line in large pieces; memory is bounded by the longest line.
struct LineReader {
    /// Reads at an offset into a buffer; 0 at the end.
    typealias Source = (UnsafeMutableRawBufferPointer, UInt64) throws -> Int

    /// Where the next line starts in the file.
    private(set) var offset: UInt64

    private let read: Source
    private let longestLine: Int
    private var buffer: [UInt8]
    private var filled = 0
    private var lineStart = 0

    /// - Parameters:
    ///   - offset: Where the first line starts.
    ///   - pieceSize: How many bytes to read at once, at least 1.
    ///   - longestLine: Lines with more bytes than this are not lines of ours.
    ///   - read: Where the bytes come from.
    init(from offset: UInt64, pieceSize: Int = 1 << 20, longestLine: Int = Int(Int32.max), read: @escaping Source) {
        self.offset = offset
        self.read = read
        self.longestLine = longestLine
        self.buffer = [UInt8](repeating: 0, count: pieceSize)
    }

    /// Reads one line and steps behind it.
    ///
    /// A line that does not start as an object, or is too long, ends the reading at once, so that a block of zeros is
    /// never gathered.
    ///
    /// - Parameter body: Gets the line without its newline, valid only until it returns; says whether to step on.
    /// - Returns: Whether there was a whole line and the closure wanted to step on.
    /// - Throws: What the closure or the reading throws.
    mutating func next(_ body: (UnsafeRawBufferPointer) throws -> Bool) throws -> Bool {
        var searched = lineStart
        while true {
            if let newline = newline(from: searched) {
                let line = lineStart..<newline
                guard try buffer.withUnsafeBytes({ try body(UnsafeRawBufferPointer(rebasing: $0[line])) }) else {
                    return false
                }
                offset += UInt64(line.count + 1)
                lineStart = newline + 1
                return true
            }
            if filled > lineStart, buffer[lineStart] != UInt8(ascii: "{") || filled - lineStart > longestLine {
                return false
            }
            searched = filled
            searched -= makeRoom()
            let count = try buffer.withUnsafeMutableBytes {
                try read(UnsafeMutableRawBufferPointer(rebasing: $0[filled...]), offset + UInt64(filled - lineStart))
            }
            guard count > 0 else { return false }
            filled += count
        }
    }

    private func newline(from start: Int) -> Int? {
        buffer[start..<filled].firstIndex(of: UInt8(ascii: "\n"))
    }

    /// Moves the unfinished line to the front, or doubles the buffer if it is all one line.
    ///
    /// - Returns: How far the line has moved.
    private mutating func makeRoom() -> Int {
        let moved = lineStart
        if moved > 0 {
            buffer.withUnsafeMutableBytes { bytes in
                bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[lineStart..<filled]))
            }
            filled -= moved
            lineStart = 0
        }
        if filled == buffer.count { buffer.append(contentsOf: repeatElement(0, count: buffer.count)) }
        return moved
    }
}
