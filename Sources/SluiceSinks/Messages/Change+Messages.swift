public import SluicePostgres

extension Change {
    /// The cursor of the change's last message; the change's own if it has at most one.
    public var lastCursor: Cursor {
        var cursor = cursor
        cursor.sub += UInt32(max(messageCount - 1, 0))
        return cursor
    }

    /// Calls a closure for each message in order, with its bytes without the newline.
    ///
    /// The bytes are those of the shared batch: they are valid only until the closure returns.
    ///
    /// - Parameters:
    ///   - first: The number of the first message wanted, from 0.
    ///   - body: Gets the message's cursor and its bytes.
    /// - Throws: What the closure throws.
    public func forEachMessage(
        from first: Int = 0,
        _ body: (Cursor, UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        let count = messageCount
        guard first < count else { return }
        try batch.bytes.withUnsafeBytes { bytes in
            var rest = bytes[Int(offset)..<Int(offset) + Int(length)]
            var cursor = cursor
            for number in 0..<count {
                // The last message needs no search, and nearly every change has just one.
                let newline = number == count - 1 ? rest.indices.last : rest.firstIndex(of: UInt8(ascii: "\n"))
                guard let newline, rest[newline] == UInt8(ascii: "\n") else {
                    preconditionFailure("The change at \(cursor) has \(number) lines instead of \(count).")
                }
                if number >= first {
                    cursor.sub = UInt32(number)
                    try body(cursor, UnsafeRawBufferPointer(rebasing: rest[..<newline]))
                }
                rest = rest[(newline + 1)...]
            }
        }
    }

    /// How many of the change's bytes lie before a message.
    func byteCount(before first: Int) -> Int {
        guard first > 0 else { return 0 }
        var end = 0
        forEachMessage { cursor, message in
            if cursor.sub < first { end += message.count + 1 }
        }
        return end
    }
}
