extension ByteWriter {
    /// Appends a timestamp of `DateStyle ISO` as `to_jsonb` writes it; anything else (`infinity`) as a string.
    mutating func appendTimestamp(_ text: UnsafeRawBufferPointer, hasZone: Bool) {
        guard let shape = TimestampShape(text, hasZone: hasZone) else { return appendString(text) }
        append(UInt8(ascii: "\""))
        append(UnsafeRawBufferPointer(rebasing: text[..<shape.dateEnd]))
        append(UInt8(ascii: "T"))
        append(UnsafeRawBufferPointer(rebasing: text[(shape.dateEnd &+ 1)..<shape.timeEnd]))
        if shape.needsMinutes { append(":00") }
        append(UnsafeRawBufferPointer(rebasing: text[shape.timeEnd...]))
        append(UInt8(ascii: "\""))
    }
}

/// Where the parts of a timestamp's text are: date, space, time with its offset, and perhaps ` BC`.
private struct TimestampShape {
    let dateEnd: Int

    /// The end of the time and its offset.
    let timeEnd: Int

    /// The offset is hours only.
    let needsMinutes: Bool

    init?(_ text: UnsafeRawBufferPointer, hasZone: Bool) {
        var index = Self.skip(in: text, from: 0) { $0 == UInt8(ascii: "-") }
        guard index >= 10, index < text.count, text[index] == UInt8(ascii: " ") else { return nil }
        dateEnd = index
        index = Self.skip(in: text, from: index &+ 1) { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
        guard index >= dateEnd &+ 9 else { return nil }
        var offsetLength = 0
        if hasZone {
            guard index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") else {
                return nil
            }
            let offset = index &+ 1
            index = Self.skip(in: text, from: offset) { $0 == UInt8(ascii: ":") }
            offsetLength = index &- offset
            guard offsetLength >= 2 else { return nil }
        }
        timeEnd = index
        needsMinutes = hasZone && offsetLength == 2
        guard index < text.count else { return }
        guard text.count &- index == 3, text[index] == UInt8(ascii: " "), text[index &+ 1] == UInt8(ascii: "B"),
            text[index &+ 2] == UInt8(ascii: "C")
        else { return nil }
    }

    @inline(__always)
    private static func skip(
        in text: UnsafeRawBufferPointer,
        from start: Int,
        orWhere isSeparator: (UInt8) -> Bool
    ) -> Int {
        var index = start
        while index < text.count, text[index] &- UInt8(ascii: "0") < 10 || isSeparator(text[index]) { index &+= 1 }
        return index
    }
}
