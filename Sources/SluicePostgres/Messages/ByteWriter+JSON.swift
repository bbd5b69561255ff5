extension ByteWriter {
    /// Embeds a JSON text in one line; what is not JSON becomes a string.
    ///
    /// Line breaks between the tokens become spaces. Broken UTF-8 and escapes of single surrogates, both of which a
    /// `json` column can hold and many readers refuse, become U+FFFD.
    mutating func appendJSON(_ text: UnsafeRawBufferPointer) {
        guard let json = JSONText(text) else { return appendString(text) }
        let start = count
        if json.hasSurrogate || json.hasNonASCII && !UTF8Sequence.isValid(text, from: 0) {
            appendRepaired(text)
        } else {
            append(text)
        }
        guard json.hasLineBreak else { return }
        // Between the quotes of a JSON text there are no control characters.
        update(from: start) { byte in
            if byte == 0x0A || byte == 0x0D { byte = 0x20 }
        }
    }

    private mutating func appendRepaired(_ text: UnsafeRawBufferPointer) {
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte >= 0x80 {
                index &+= appendCharacter(of: text, at: index)
            } else if byte == UInt8(ascii: "\\") {
                index &+= appendEscape(of: text, at: index)
            } else {
                append(byte)
                index &+= 1
            }
        }
    }

    private mutating func appendEscape(of text: UnsafeRawBufferPointer, at index: Int) -> Int {
        guard let unit = JSONText.escapedUnit(in: text, at: index) else {
            let end = min(text.count, index &+ 2)
            append(UnsafeRawBufferPointer(rebasing: text[index..<end]))
            return end &- index
        }
        var size = 6
        if unit & 0xFC00 == 0xD800, let low = JSONText.escapedUnit(in: text, at: index &+ 6), low & 0xFC00 == 0xDC00 {
            size = 12
        } else if unit & 0xF800 == 0xD800 {
            append("\\ufffd")
            return 6
        }
        append(UnsafeRawBufferPointer(rebasing: text[index..<(index &+ size)]))
        return size
    }
}
