/// Checks that a line is one whole JSON object, and finds one value in it.
///
/// A torn write can end anywhere and leave blocks of zeros behind, so every byte is looked at. Nesting has no limit and
/// costs one byte per level.
struct JSONLine {
    private enum Expectation {
        case value, valueOrEnd, key, keyOrEnd, commaOrEnd
    }

    private enum Container {
        case object, array
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var containers: [Container] = []
    private var isInMetadata = false
    private var lastKey = 0..<0
    private var found: Range<Int>?

    /// Where the text of `metadata.idempotency_key` is, without its quotes.
    ///
    /// - Parameter line: One line without its newline.
    /// - Returns: `nil` if the line is not one whole JSON object, or has no such text.
    static func idempotencyKey(of line: UnsafeRawBufferPointer) -> Range<Int>? {
        var scanner = JSONLine(bytes: line)
        return scanner.scan() ? scanner.found : nil
    }

    private init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    private mutating func scan() -> Bool {
        guard !bytes.isEmpty, bytes[0] == UInt8(ascii: "{") else { return false }
        var expectation = Expectation.value
        repeat {
            skipSpace()
            guard position < bytes.count, let next = step(expectation, byte: bytes[position]) else { return false }
            expectation = next
        } while !containers.isEmpty
        skipSpace()
        return position == bytes.count
    }

    /// Reads one token; `nil` if it is not what is expected.
    private mutating func step(_ expectation: Expectation, byte: UInt8) -> Expectation? {
        switch (expectation, byte) {
        case (.keyOrEnd, UInt8(ascii: "}")), (.valueOrEnd, UInt8(ascii: "]")):
            return leave(byte)
        case (.commaOrEnd, UInt8(ascii: ",")):
            position += 1
            return containers.last == .object ? .key : .value
        case (.commaOrEnd, _):
            return leave(byte)
        case (.key, UInt8(ascii: "\"")), (.keyOrEnd, UInt8(ascii: "\"")):
            guard let key = readString() else { return nil }
            lastKey = key
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { return nil }
            position += 1
            return .value
        case (.key, _), (.keyOrEnd, _):
            return nil
        case (.value, _), (.valueOrEnd, _):
            return readValue(byte)
        }
    }

    private mutating func leave(_ byte: UInt8) -> Expectation? {
        guard byte == (containers.last == .object ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return nil }
        containers.removeLast()
        if containers.count == 1 { isInMetadata = false }
        position += 1
        return .commaOrEnd
    }

    private mutating func readValue(_ byte: UInt8) -> Expectation? {
        switch byte {
        case UInt8(ascii: "{"):
            if containers.count == 1 { isInMetadata = isLastKey("metadata") }
            containers.append(.object)
            position += 1
            return .keyOrEnd
        case UInt8(ascii: "["):
            containers.append(.array)
            position += 1
            return .valueOrEnd
        case UInt8(ascii: "\""):
            guard let text = readString() else { return nil }
            if isInMetadata, containers.count == 2, isLastKey("idempotency_key") { found = text }
            return .commaOrEnd
        case UInt8(ascii: "t"): return readWord("true")
        case UInt8(ascii: "f"): return readWord("false")
        case UInt8(ascii: "n"): return readWord("null")
        default: return readNumber() ? .commaOrEnd : nil
        }
    }

    private func isLastKey(_ name: StaticString) -> Bool {
        bytes[lastKey].elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\t") {
            position += 1
        }
    }

    private mutating func readWord(_ word: StaticString) -> Expectation? {
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard bytes[position...].starts(with: expected) else { return nil }
        position += expected.count
        return .commaOrEnd
    }

    /// Reads a string from its opening quote on; the result leaves the quotes out.
    private mutating func readString() -> Range<Int>? {
        let start = position + 1
        position = start
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return start..<position - 1 }
            if byte < 0x20 || byte == UInt8(ascii: "\\") && !skipEscape() { return nil }
        }
        return nil
    }

    private mutating func skipEscape() -> Bool {
        guard position < bytes.count else { return false }
        let kind = bytes[position]
        position += 1
        switch kind {
        case UInt8(ascii: "u"):
            guard position + 4 <= bytes.count else { return false }
            defer { position += 4 }
            return bytes[position..<position + 4].allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return true
        default:
            return false
        }
    }

    private mutating func readNumber() -> Bool {
        skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")), !skipDigits() { return false }
        if skip(UInt8(ascii: ".")), !skipDigits() { return false }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "-")) { skip(UInt8(ascii: "+")) }
            return skipDigits()
        }
        return true
    }

    @discardableResult
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipDigits() -> Bool {
        let start = position
        while position < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[position] { position += 1 }
        return position > start
    }
}
