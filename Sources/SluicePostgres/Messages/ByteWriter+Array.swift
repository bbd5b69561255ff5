extension ByteWriter {
    /// Appends an array's text (`{a,"b c",NULL}`) as nested JSON arrays; a text of another form as a string.
    mutating func appendArray(_ text: UnsafeRawBufferPointer, of element: ValueForm.Scalar) {
        let start = count
        guard !appendElements(text, of: element) else { return }
        truncate(to: start)
        appendString(text)
    }

    private mutating func appendElements(_ text: UnsafeRawBufferPointer, of element: ValueForm.Scalar) -> Bool {
        var index = Self.boundsEnd(of: text)
        guard index < text.count, text[index] == UInt8(ascii: "{") else { return false }
        var depth = 0
        // All elements of an array stand at the same depth.
        var elementDepth: Int?
        while true {
            guard index < text.count else { return false }
            if text[index] == UInt8(ascii: "{") {
                depth &+= 1
                guard depth <= elementDepth ?? Int.max else { return false }
                append(UInt8(ascii: "["))
                index &+= 1
                guard index < text.count, text[index] == UInt8(ascii: "}") else { continue }
            } else {
                guard depth == elementDepth ?? depth,
                    let end = appendElement(of: text, from: index, as: element)
                else { return false }
                elementDepth = depth
                index = end
            }
            while index < text.count, text[index] == UInt8(ascii: "}") {
                append(UInt8(ascii: "]"))
                index &+= 1
                depth &-= 1
                if depth == 0 { return index == text.count }
            }
            guard index < text.count, text[index] == UInt8(ascii: ",") else { return false }
            append(UInt8(ascii: ","))
            index &+= 1
        }
    }

    /// Appends the element that starts at an index.
    ///
    /// - Returns: Where it ends, or `nil` if there is none.
    private mutating func appendElement(
        of text: UnsafeRawBufferPointer,
        from start: Int,
        as form: ValueForm.Scalar
    ) -> Int? {
        if text[start] == UInt8(ascii: "\"") { return appendQuotedElement(of: text, from: start &+ 1, as: form) }
        var end = start
        while end < text.count, text[end] != UInt8(ascii: ","), text[end] != UInt8(ascii: "}") {
            switch text[end] {
            case UInt8(ascii: "{"), UInt8(ascii: "\""), UInt8(ascii: "\\"): return nil
            default: end &+= 1
            }
        }
        guard end > start, end < text.count else { return nil }
        let value = UnsafeRawBufferPointer(rebasing: text[start..<end])
        if Self.isNull(value) {
            append("null")
        } else {
            appendScalar(value, as: form)
        }
        return end
    }

    private mutating func appendQuotedElement(
        of text: UnsafeRawBufferPointer,
        from start: Int,
        as form: ValueForm.Scalar
    ) -> Int? {
        var end = start
        var hasEscapes = false
        while end < text.count, text[end] != UInt8(ascii: "\"") {
            if text[end] == UInt8(ascii: "\\") {
                hasEscapes = true
                end &+= 1
            }
            end &+= 1
        }
        guard end < text.count else { return nil }
        let value = UnsafeRawBufferPointer(rebasing: text[start..<end])
        guard hasEscapes else {
            appendScalar(value, as: form)
            return end &+ 1
        }
        withUnsafeTemporaryAllocation(byteCount: value.count, alignment: 1) { plain in
            var size = 0
            var index = 0
            while index < value.count {
                if value[index] == UInt8(ascii: "\\") { index &+= 1 }
                plain[size] = value[index]
                size &+= 1
                index &+= 1
            }
            appendScalar(UnsafeRawBufferPointer(rebasing: plain[..<size]), as: form)
        }
        return end &+ 1
    }

    private static func isNull(_ value: UnsafeRawBufferPointer) -> Bool {
        value.count == 4 && value[0] | 0x20 == UInt8(ascii: "n") && value[1] | 0x20 == UInt8(ascii: "u")
            && value[2] | 0x20 == UInt8(ascii: "l") && value[3] | 0x20 == UInt8(ascii: "l")
    }

    /// Where the braces start: behind `[lo:hi]=`, which tells bounds other than from 1 on.
    private static func boundsEnd(of text: UnsafeRawBufferPointer) -> Int {
        guard text.first == UInt8(ascii: "[") else { return 0 }
        return text.firstIndex(of: UInt8(ascii: "=")).map { $0 + 1 } ?? 0
    }
}
