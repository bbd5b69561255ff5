/// The bytes of one character outside of ASCII, or of what is broken there.
struct UTF8Sequence {
    /// How many bytes; of a broken one as many as could have begun a character, at least 1.
    let length: Int

    /// Whether the bytes are a character.
    let isValid: Bool

    /// Looks at the bytes from an index on; the byte there has its highest bit set.
    init(in bytes: UnsafeRawBufferPointer, at index: Int) {
        let lead = bytes[index]
        // The second byte's bounds exclude overlong forms, surrogates and what lies beyond U+10FFFF.
        let (size, second): (Int, ClosedRange<UInt8>)
        switch lead {
        case 0xC2...0xDF: (size, second) = (2, 0x80...0xBF)
        case 0xE0: (size, second) = (3, 0xA0...0xBF)
        case 0xED: (size, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (size, second) = (3, 0x80...0xBF)
        case 0xF0: (size, second) = (4, 0x90...0xBF)
        case 0xF4: (size, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: (size, second) = (4, 0x80...0xBF)
        default: (size, second) = (1, 0x80...0xBF)
        }
        var length = 1
        while length < size, index &+ length < bytes.count {
            let byte = bytes[index &+ length]
            guard length == 1 ? second.contains(byte) : byte & 0xC0 == 0x80 else { break }
            length &+= 1
        }
        self.length = length
        isValid = size > 1 && length == size
    }

    /// Whether bytes are UTF-8 from an index on, at which a character starts.
    static func isValid(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Bool {
        var index = start
        while index < bytes.count {
            let lead = bytes[index]
            if lead < 0x80 {
                index &+= 1
            } else if 0xC2...0xDF ~= lead, index &+ 1 < bytes.count, bytes[index &+ 1] & 0xC0 == 0x80 {
                // Most alphabets lie here.
                index &+= 2
            } else {
                let sequence = UTF8Sequence(in: bytes, at: index)
                guard sequence.isValid else { return false }
                index &+= sequence.length
            }
        }
        return true
    }
}

extension ByteWriter {
    /// Appends the character at an index, or U+FFFD if it is broken.
    ///
    /// - Returns: How many bytes were read.
    mutating func appendCharacter(of bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
        let sequence = UTF8Sequence(in: bytes, at: index)
        if sequence.isValid {
            append(UnsafeRawBufferPointer(rebasing: bytes[index..<(index &+ sequence.length)]))
        } else {
            append("\u{FFFD}")
        }
        return sequence.length
    }
}
