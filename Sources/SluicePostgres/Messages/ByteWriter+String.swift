/// Finds bytes in a word that a JSON string cannot take over as they are.
enum PlainBytes {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// Counts the bytes at the start of a word that are neither control characters, `"`, `\` nor beyond ASCII.
    ///
    /// - Parameters:
    ///   - word: Eight bytes, the first in the lowest bits.
    ///   - isChecked: Bytes beyond ASCII are known to be characters, so they count too.
    /// - Returns: From 0 to 8.
    @inline(__always)
    static func prefix(of word: UInt64, isChecked: Bool = false) -> Int {
        // Borrows can mark a byte wrongly only above one that is marked rightly, so the lowest mark is exact.
        let control = (word &- ones &* 0x20) & ~word
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let marks =
            (control | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | (isChecked ? 0 : word))
            & highs
        return marks == 0 ? 8 : marks.trailingZeroBitCount >> 3
    }

    /// Whether a single byte needs no attention.
    @inline(__always)
    static func contains(_ byte: UInt8, isChecked: Bool = false) -> Bool {
        byte >= 0x20 && (isChecked || byte < 0x80) && byte != 0x22 && byte != 0x5C
    }
}

extension ByteWriter {
    /// Appends a text as a JSON string; broken UTF-8 is repaired with U+FFFD.
    @inline(__always)
    mutating func appendString(_ text: UnsafeRawBufferPointer) {
        append(UInt8(ascii: "\""))
        appendEscaped(text)
        append(UInt8(ascii: "\""))
    }

    /// Appends a text as a JSON string.
    mutating func appendString(_ text: String) {
        var text = text
        text.withUTF8 { appendString(UnsafeRawBufferPointer($0)) }
    }

    /// Appends what stands between the quotes of a JSON string.
    mutating func appendEscaped(_ text: UnsafeRawBufferPointer) {
        let size = text.count
        var index = 0
        // Whether the rest is UTF-8 is only asked at the first byte beyond ASCII.
        var isJudged = false
        var isChecked = false
        while index < size {
            // Whole words are stored before they are looked at, so up to 7 bytes too many.
            reserve(size &- index &+ 8)
            let target = UnsafeMutableRawPointer(end)
            let start = index
            while index &+ 8 <= size {
                let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                target.storeBytes(of: word, toByteOffset: index &- start, as: UInt64.self)
                let plain = PlainBytes.prefix(of: UInt64(littleEndian: word), isChecked: isChecked)
                index &+= plain
                if plain < 8 { break }
            }
            while index < size, PlainBytes.contains(text[index], isChecked: isChecked) {
                target.storeBytes(of: text[index], toByteOffset: index &- start, as: UInt8.self)
                index &+= 1
            }
            advance(by: index &- start)
            if index < size, text[index] >= 0x80, !isJudged {
                isJudged = true
                isChecked = UTF8Sequence.isValid(text, from: index)
            }
            while index < size, !PlainBytes.contains(text[index], isChecked: isChecked) {
                index &+= appendSpecial(of: text, at: index)
            }
        }
    }

    private mutating func appendSpecial(of text: UnsafeRawBufferPointer, at index: Int) -> Int {
        let byte = text[index]
        if byte >= 0x80 { return appendCharacter(of: text, at: index) }
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0A: append("\\n")
        case 0x0C: append("\\f")
        case 0x0D: append("\\r")
        default:
            append("\\u00")
            append(UInt8(ascii: "0") &+ byte >> 4)
            let low = byte & 15
            append(low < 10 ? UInt8(ascii: "0") &+ low : UInt8(ascii: "a") &+ low &- 10)
        }
        return 1
    }
}
