/// The standard base64 alphabet with padding, strict.
enum Base64 {
    /// Decodes a whole text; `nil` if it is not base64.
    static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3)
        for start in stride(from: 0, to: text.count, by: 4) {
            let padding = text[start..<start + 4].reversed().prefix { $0 == UInt8(ascii: "=") }.count
            guard padding <= 2, padding == 0 || start + 4 == text.count else { return nil }
            var bits: UInt32 = 0
            for position in start..<start + 4 - padding {
                guard let value = value(of: text[position]) else { return nil }
                bits = bits << 6 | value
            }
            bits <<= UInt32(6 * padding)
            for byte in 0..<3 - padding {
                result.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * byte)))
            }
        }
        return result
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
