extension ByteWriter {
    /// Appends bytes in base64 with padding.
    mutating func appendBase64(_ bytes: UnsafeRawBufferPointer) {
        reserve((bytes.count / 3 + 1) * 4)
        let start = end
        var target = start
        var index = 0
        while index &+ 3 <= bytes.count {
            let bits =
                UInt32(bytes[index]) << 16 | UInt32(bytes[index &+ 1]) << 8 | UInt32(bytes[index &+ 2])
            target[0] = Self.base64Digit(bits >> 18)
            target[1] = Self.base64Digit(bits >> 12)
            target[2] = Self.base64Digit(bits >> 6)
            target[3] = Self.base64Digit(bits)
            target += 4
            index &+= 3
        }
        if index < bytes.count {
            let hasTwo = index &+ 1 < bytes.count
            let bits = UInt32(bytes[index]) << 16 | (hasTwo ? UInt32(bytes[index &+ 1]) << 8 : 0)
            target[0] = Self.base64Digit(bits >> 18)
            target[1] = Self.base64Digit(bits >> 12)
            target[2] = hasTwo ? Self.base64Digit(bits >> 6) : UInt8(ascii: "=")
            target[3] = UInt8(ascii: "=")
            target += 4
        }
        advance(by: target - start)
    }

    private static let base64Digits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    @inline(__always)
    private static func base64Digit(_ bits: UInt32) -> UInt8 {
        base64Digits.utf8Start[Int(bits & 63)]
    }
}
