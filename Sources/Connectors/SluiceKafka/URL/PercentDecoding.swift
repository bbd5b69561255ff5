import SluiceSinks

/// Decodes `%41` in a part of a URL.
enum PercentDecoding {
    /// Decodes a part; a message names it by `part`, since the text itself may be a secret.
    static func decode(_ text: Substring, part: String) throws(SinkError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                throw SinkError(.badURL, "The \(part) of the kafka: URL has a % without two hexadecimal digits.")
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw SinkError(.badURL, "The \(part) of the kafka: URL is not text in UTF-8.")
        }
        return decoded
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init)
    }
}
