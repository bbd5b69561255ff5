extension OpenFile {
    /// A reader of the file's lines from an offset on.
    func lines(from offset: UInt64) -> LineReader {
        LineReader(from: offset) { try self.read(into: $0, at: $1) }
    }

    /// One byte; `nil` behind the end.
    func byte(at offset: UInt64) throws(SinkError) -> UInt8? {
        var byte: UInt8 = 0
        let result = withUnsafeMutableBytes(of: &byte) { buffer in
            Result { () throws(SinkError) in try read(into: buffer, at: offset) }
        }
        return try result.get() == 1 ? byte : nil
    }

    /// Whether a range holds a newline.
    func hasNewline(in range: Range<UInt64>) throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = try buffer.withUnsafeMutableBytes { try read(into: $0, at: offset) }
            guard count > 0 else { return false }
            if buffer[..<count].contains(UInt8(ascii: "\n")) { return true }
            offset += UInt64(count)
        }
        return false
    }
}
