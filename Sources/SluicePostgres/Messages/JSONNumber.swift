/// The form of a JSON number.
enum JSONNumber {
    /// Where the number that starts at an index ends, or `nil` if none starts there.
    static func end(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        if index < text.count, text[index] == UInt8(ascii: "-") { index &+= 1 }
        let whole = index
        index = skipDigits(in: text, from: index)
        guard index > whole, index == whole &+ 1 || text[whole] != UInt8(ascii: "0") else { return nil }
        if index < text.count, text[index] == UInt8(ascii: ".") {
            let fraction = index &+ 1
            index = skipDigits(in: text, from: fraction)
            guard index > fraction else { return nil }
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
                index &+= 1
            }
            let exponent = index
            index = skipDigits(in: text, from: exponent)
            guard index > exponent else { return nil }
        }
        return index
    }

    /// Whether a text is a whole number of at most 64 bits' length.
    @inline(__always)
    static func isInteger(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count <= 20, let first = text.first else { return false }
        let whole = first == UInt8(ascii: "-") ? 1 : 0
        guard whole < text.count, text.count == whole &+ 1 || text[whole] != UInt8(ascii: "0") else { return false }
        return skipDigits(in: text, from: whole) == text.count
    }

    @inline(__always)
    private static func skipDigits(in text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index < text.count, text[index] &- UInt8(ascii: "0") < 10 { index &+= 1 }
        return index
    }
}
