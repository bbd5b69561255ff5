extension ByteWriter {
    /// Appends a column's text in a form; a text that is not of its type becomes a string.
    @inline(__always)
    mutating func appendValue(_ text: UnsafeRawBufferPointer, as form: ValueForm) {
        if form.isArray {
            appendArray(text, of: form.scalar)
        } else {
            appendScalar(text, as: form.scalar)
        }
    }

    /// Appends one value's text in a form; a text that is not of its type becomes a string.
    @inline(__always)
    mutating func appendScalar(_ text: UnsafeRawBufferPointer, as form: ValueForm.Scalar) {
        switch form {
        case .string: appendString(text)
        case .integer: JSONNumber.isInteger(text) ? append(text) : appendString(text)
        case .boolean: appendBoolean(text)
        case .number: JSONNumber.end(in: text, from: 0) == text.count ? append(text) : appendString(text)
        case .timestamp: appendTimestamp(text, hasZone: false)
        case .timestampWithZone: appendTimestamp(text, hasZone: true)
        case .json: appendJSON(text)
        }
    }

    private mutating func appendBoolean(_ text: UnsafeRawBufferPointer) {
        guard text.count == 1 else { return appendString(text) }
        switch text[0] {
        case UInt8(ascii: "t"): append("true")
        case UInt8(ascii: "f"): append("false")
        default: appendString(text)
        }
    }
}
