public import SluicePostgres

extension Change {
    /// The cursor of the change's first message; the change's own if no schema change precedes it.
    public var firstCursor: Cursor {
        var cursor = cursor
        cursor.sub = -schemaCount
        return cursor
    }

    /// The cursor of the change's last message; the change's own if it has none.
    public var lastCursor: Cursor {
        var cursor = cursor
        cursor.sub = messageCount == 0 ? 0 : Int32(messageCount) - schemaCount - 1
        return cursor
    }

    /// The number of the first message above a cursor that lies inside this change, from 0.
    func firstMessage(above cursor: Cursor) -> Int {
        max(0, Int(cursor.sub) + 1 + Int(schemaCount))
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
                    cursor.sub = Int32(number) - schemaCount
                    try body(cursor, UnsafeRawBufferPointer(rebasing: rest[..<newline]))
                }
                rest = rest[(newline + 1)...]
            }
        }
    }

    /// How many of the change's bytes lie before a message.
    func byteCount(before first: Int) -> Int {
        guard first > 0 else { return 0 }
        var (end, number) = (0, 0)
        forEachMessage { _, message in
            if number < first { end += message.count + 1 }
            number += 1
        }
        return end
    }
}
