/// Whether bytes are one JSON value by the grammar of RFC 8259, and what keeps them from being pasted as they are.
///
/// Bytes beyond ASCII are taken for characters here; whether they are is asked of `UTF8Sequence`. There is no recursion,
/// so depth is not limited by the stack.
struct JSONText {
    /// A line feed or carriage return stands between the tokens.
    private(set) var hasLineBreak = false

    /// There are bytes beyond ASCII.
    private(set) var hasNonASCII = false

    /// A `\u` escape names one half of a surrogate pair.
    private(set) var hasSurrogate = false

    private let text: UnsafeRawBufferPointer
    private var index = 0
    private var nesting = Nesting()

    /// Reads a text; the result is `nil` if it is not JSON.
    init?(_ text: UnsafeRawBufferPointer) {
        self.text = text
        guard scan() else { return nil }
    }

    private mutating func scan() -> Bool {
        while true {
            skipSpace()
            guard index < text.count else { return false }
            switch text[index] {
            case UInt8(ascii: "{"):
                index &+= 1
                skipSpace()
                if take(UInt8(ascii: "}")) { break }
                nesting.push(isObject: true)
                guard scanKey() else { return false }
                continue
            case UInt8(ascii: "["):
                index &+= 1
                skipSpace()
                if take(UInt8(ascii: "]")) { break }
                nesting.push(isObject: false)
                continue
            case UInt8(ascii: "\""):
                guard scanString() else { return false }
            case UInt8(ascii: "t"):
                guard scanWord("true") else { return false }
            case UInt8(ascii: "f"):
                guard scanWord("false") else { return false }
            case UInt8(ascii: "n"):
                guard scanWord("null") else { return false }
            default:
                guard let end = JSONNumber.end(in: text, from: index) else { return false }
                index = end
            }
            guard let isDone = scanBehindValue() else { return false }
            if isDone { return true }
        }
    }

    /// Reads what follows a value: `true` at the end of the text, `false` before another value.
    private mutating func scanBehindValue() -> Bool? {
        while true {
            skipSpace()
            guard let isObject = nesting.isObject else { return index == text.count ? true : nil }
            if take(UInt8(ascii: ",")) {
                guard isObject else { return false }
                skipSpace()
                return scanKey() ? false : nil
            }
            guard take(UInt8(ascii: isObject ? "}" : "]")) else { return nil }
            nesting.pop()
        }
    }

    private mutating func scanKey() -> Bool {
        guard index < text.count, text[index] == UInt8(ascii: "\""), scanString() else { return false }
        skipSpace()
        return take(UInt8(ascii: ":"))
    }

    private mutating func scanString() -> Bool {
        index &+= 1
        while true {
            while index &+ 8 <= text.count {
                let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let plain = PlainBytes.prefix(of: UInt64(littleEndian: word))
                index &+= plain
                if plain < 8 { break }
            }
            guard index < text.count else { return false }
            switch text[index] {
            case UInt8(ascii: "\""):
                index &+= 1
                return true
            case UInt8(ascii: "\\"):
                guard scanEscape() else { return false }
            case 0x00...0x1F:
                return false
            case 0x80...:
                hasNonASCII = true
                index &+= 1
            default:
                index &+= 1
            }
        }
    }

    private mutating func scanEscape() -> Bool {
        guard index &+ 1 < text.count else { return false }
        switch text[index &+ 1] {
        case UInt8(ascii: "u"):
            guard let unit = Self.escapedUnit(in: text, at: index) else { return false }
            if unit & 0xF800 == 0xD800 { hasSurrogate = true }
            index &+= 6
            return true
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index &+= 2
            return true
        default:
            return false
        }
    }

    private mutating func scanWord(_ word: StaticString) -> Bool {
        let size = word.utf8CodeUnitCount
        guard text.count &- index >= size else { return false }
        for offset in 0..<size where text[index &+ offset] != word.utf8Start[offset] { return false }
        index &+= size
        return true
    }

    @inline(__always)
    private mutating func skipSpace() {
        while index < text.count {
            switch text[index] {
            case 0x20, 0x09: break
            case 0x0A, 0x0D: hasLineBreak = true
            default: return
            }
            index &+= 1
        }
    }

    @inline(__always)
    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < text.count, text[index] == byte else { return false }
        index &+= 1
        return true
    }

    /// The UTF-16 unit of a `\uXXXX` at an index, or `nil` if there is none.
    static func escapedUnit(in text: UnsafeRawBufferPointer, at index: Int) -> UInt16? {
        guard text.count &- index >= 6, text[index] == UInt8(ascii: "\\"), text[index &+ 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt16 = 0
        for offset in 2..<6 {
            let byte = text[index &+ offset]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte &- UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte &- UInt8(ascii: "a") &+ 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte &- UInt8(ascii: "A") &+ 10
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}

/// Which of the open brackets are objects, one bit for each; only what is deeper than 64 is stored in an array.
private struct Nesting {
    private var depth = 0
    private var bits: UInt64 = 0
    private var outer: [UInt64] = []

    /// Whether the innermost open bracket is an object's; `nil` if none is open.
    var isObject: Bool? { depth == 0 ? nil : bits & 1 != 0 }

    mutating func push(isObject: Bool) {
        if depth > 0, depth % 64 == 0 { outer.append(bits) }
        bits = bits << 1 | (isObject ? 1 : 0)
        depth &+= 1
    }

    mutating func pop() {
        depth &-= 1
        bits >>= 1
        if depth > 0, depth % 64 == 0 { bits = outer.popLast() ?? 0 }
    }
}
