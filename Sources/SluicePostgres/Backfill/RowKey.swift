/// The key of one row: its columns' values in Postgres' text form, in the key's order.
///
/// Two rows of one table have the same text if and only if they are the same row: a key that changes, even to another
/// spelling of the same number, is told with the one before.
package struct RowKey: Hashable, Sendable {
    /// The values.
    package let values: [String]

    /// Makes a key.
    package init(_ values: [String]) {
        self.values = values
    }

    /// One text: each value behind the number of its UTF-8 bytes and a colon.
    package var text: String {
        values.map { "\($0.utf8.count):\($0)" }.joined()
    }

    /// Reads what ``text`` wrote; `nil` if it is something else.
    package init?(text: String) {
        var rest = Array(text.utf8)[...]
        var values: [String] = []
        while !rest.isEmpty {
            guard let value = Self.takeValue(from: &rest) else { return nil }
            values.append(value)
        }
        guard !values.isEmpty else { return nil }
        self.values = values
    }

    /// Takes one value with its length away.
    static func takeValue(from bytes: inout ArraySlice<UInt8>) -> String? {
        guard let colon = bytes.prefix(11).firstIndex(of: UInt8(ascii: ":")),
            let count = Int(String(decoding: bytes[bytes.startIndex..<colon], as: UTF8.self)), count >= 0,
            bytes.endIndex - colon - 1 >= count
        else { return nil }
        let end = colon + 1 + count
        defer { bytes = bytes[end...] }
        return String(decoding: bytes[colon + 1..<end], as: UTF8.self)
    }
}
