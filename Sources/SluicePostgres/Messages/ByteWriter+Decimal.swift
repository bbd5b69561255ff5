extension ByteWriter {
    /// Appends a number in decimal digits.
    mutating func appendDecimal(_ value: UInt64) {
        var size = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            size &+= 1
        }
        reserve(size)
        let digits = end
        rest = value
        var index = size
        while index > 0 {
            index &-= 1
            digits[index] = UInt8(truncatingIfNeeded: rest % 10) &+ UInt8(ascii: "0")
            rest /= 10
        }
        advance(by: size)
    }

    /// Appends a number in decimal digits, behind `-` if it is negative.
    mutating func appendDecimal(_ value: Int32) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(UInt64(value.magnitude))
    }

    /// Appends a number with zeros in front up to a width.
    mutating func appendDecimal(_ value: UInt64, width: Int) {
        var limit: UInt64 = 10
        for _ in 1..<max(1, width) {
            if value < limit { append(UInt8(ascii: "0")) }
            limit &*= 10
        }
        appendDecimal(value)
    }
}
