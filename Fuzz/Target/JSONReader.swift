/// Reads JSON by RFC 8259 in the plainest way: what the encoder writes is compared with it, so it shares no code with it.
struct JSONReader {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    /// Whether bytes are one value.
    static func isValue(_ bytes: ArraySlice<UInt8>) -> Bool {
        var reader = JSONReader(bytes)
        return reader.readValue() && reader.index == bytes.endIndex
    }

    /// What a JSON string says; `nil` if it is none.
    static func string(_ bytes: [UInt8]) -> String? {
        var reader = JSONReader(bytes[...])
        var result: [UInt16] = []
        var raw: [UInt8] = []
        func flush() {
            result += Array(String(decoding: raw, as: UTF8.self).utf16)
            raw = []
        }
        guard reader.take("\"") else { return nil }
        while let byte = reader.next() {
            switch byte {
            case UInt8(ascii: "\""):
                flush()
                return reader.index == bytes.endIndex ? String(decoding: result, as: UTF16.self) : nil
            case UInt8(ascii: "\\"):
                flush()
                guard let unit = reader.readEscape() else { return nil }
                result.append(unit)
            case 0..<0x20: return nil
            default: raw.append(byte)
            }
        }
        return nil
    }

    private mutating func next() -> UInt8? {
        guard index < bytes.endIndex else { return nil }
        defer { index += 1 }
        return bytes[index]
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.endIndex, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    private mutating func readEscape() -> UInt16? {
        switch next() {
        case UInt8(ascii: "\""): return 0x22
        case UInt8(ascii: "\\"): return 0x5C
        case UInt8(ascii: "/"): return 0x2F
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "u"):
            guard index + 4 <= bytes.endIndex else { return nil }
            defer { index += 4 }
            let digits = String(decoding: bytes[index..<index + 4], as: UTF8.self)
            return digits.utf8.allSatisfy { $0 != UInt8(ascii: "+") } ? UInt16(digits, radix: 16) : nil
        default: return nil
        }
    }

    private mutating func readString() -> Bool {
        guard take("\"") else { return false }
        while let byte = next() {
            if byte == UInt8(ascii: "\"") { return true }
            if byte < 0x20 { return false }
            if byte == UInt8(ascii: "\\"), readEscape() == nil { return false }
        }
        return false
    }

    private mutating func readDigits() -> Bool {
        let start = index
        while index < bytes.endIndex, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index] { index += 1 }
        return index > start
    }

    private mutating func readNumber() -> Bool {
        _ = take("-")
        if !take("0"), !readDigits() { return false }
        if take("."), !readDigits() { return false }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            return readDigits()
        }
        return true
    }

    /// Reads one value with everything in it; depth costs memory, not stack.
    private mutating func readValue() -> Bool {
        var open: [UInt8] = []
        while true {
            skipSpace()
            if take("{") {
                skipSpace()
                if !take("}") {
                    open.append(UInt8(ascii: "}"))
                    guard readKey() else { return false }
                    continue
                }
            } else if take("[") {
                skipSpace()
                if !take("]") {
                    open.append(UInt8(ascii: "]"))
                    continue
                }
            } else if !readScalar() {
                return false
            }
            while true {
                skipSpace()
                guard let bracket = open.last else { return true }
                if take(",") {
                    guard bracket == UInt8(ascii: "]") || readKey() else { return false }
                    break
                }
                guard next() == bracket else { return false }
                open.removeLast()
            }
        }
    }

    private mutating func readKey() -> Bool {
        skipSpace()
        guard readString() else { return false }
        skipSpace()
        return take(":")
    }

    private mutating func readScalar() -> Bool {
        guard index < bytes.endIndex else { return false }
        if bytes[index] == UInt8(ascii: "\"") { return readString() }
        for word in ["true", "false", "null"] where bytes[index...].starts(with: word.utf8) {
            index += word.utf8.count
            return true
        }
        return readNumber()
    }
}

/// What the encoder writes is JSON, and UTF-8.
func checkJSON(_ json: ArraySlice<UInt8>) {
    require(JSONReader.isValue(json), "not JSON: \(String(decoding: json, as: UTF8.self))")
    require(String(validating: json, as: UTF8.self) != nil, "not UTF-8: \(String(decoding: json, as: UTF8.self))")
}
