import Foundation
package import SluicePostgres

extension Change {
    /// Calls a closure for each message in order, as it goes to a broker.
    ///
    /// - Parameters:
    ///   - first: The number of the first message wanted, from 0.
    ///   - body: Gets the message and what is known of it without reading it.
    /// - Throws: What the closure throws.
    package func forEachOutgoing(
        from first: Int = 0,
        _ body: (OutgoingMessage, MessageLabel?) throws -> Void
    ) rethrows {
        var number = first
        var start = Int(offset) + byteCount(before: first)
        try forEachMessage(from: first) { cursor, bytes in
            let label = label(ofMessage: number)
            let end = start + bytes.count
            let message = OutgoingMessage(
                cursor: cursor,
                action: label?.action ?? .undecodable,
                schema: label?.table?.schema,
                table: label?.table?.name,
                key: label?.row.map { OutgoingMessage.plainKey(batch.bytes[$0]) },
                body: batch.bytes[start..<end]
            )
            number += 1
            start = end + 1
            try body(message, label)
        }
    }
}

extension OutgoingMessage {
    /// The key as sinks get it.
    ///
    /// - Parameter key: A JSON array of strings, without spaces.
    /// - Returns: Of `["7"]`, `7`; a key of several columns as it is.
    static func plainKey(_ key: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let inner = key.dropFirst(2).dropLast(2)
        guard inner.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else { return inner }
        let texts = try? JSONDecoder().decode([String].self, from: Data(key))
        guard let texts, texts.count == 1 else { return key }
        return ArraySlice(texts[0].utf8)
    }
}
