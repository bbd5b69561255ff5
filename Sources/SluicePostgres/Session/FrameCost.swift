/// What an event costs in bytes of the budget, until a later stage corrects it.
///
/// The constant stands for the event's objects and its metadata, the factor for the bytes themselves and their JSON, which
/// exist both while the event is decoded. A control character takes six bytes in JSON, as `\u0001`.
///
/// - Parameters:
///   - length: Of the event's bytes.
///   - controls: How many of them are control characters.
///   - names: Bytes of JSON that every row of the relation has besides its values.
/// - Returns: Bytes; more than the event will really take.
func frameCost(length: Int, controls: Int, names: Int) -> Int32 {
    Int32(clamping: 640 + 2 * (length + names) + 4 * controls)
}

extension UnsafeRawBufferPointer {
    /// How many bytes are below 0x20.
    var controlCharacters: Int {
        var others = 0
        var place = 0
        // Eight bytes at once: all others have one of the three highest bits.
        while place &+ 8 <= count {
            let word = loadUnaligned(fromByteOffset: place, as: UInt64.self)
            others &+= ((word >> 5 | word >> 6 | word >> 7) & 0x0101_0101_0101_0101).nonzeroBitCount
            place &+= 8
        }
        return count - others - self[place...].count { $0 >= 0x20 }
    }
}
