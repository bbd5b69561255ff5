import Crypto
import SluiceHTTP
import SluicePostgres
import SluiceSinks

extension OutgoingMessage {
    /// What a consumer may filter by without reading the body.
    var attributes: [(name: String, value: String)] {
        // An attribute may not be empty, and the table of an undecodable row may not be known.
        [("action", action.rawValue), ("schema", schema ?? ""), ("table", table ?? "")].filter { !$0.1.isEmpty }
    }

    /// What the message counts against the limits of the service: the body, and each attribute's name, type and value.
    ///
    /// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    var size: Int {
        attributes.reduce(body.count) { $0 + $1.name.utf8.count + "String".utf8.count + $1.value.utf8.count }
    }

    /// The most that ``size`` may be above the body's: names are at most 63 bytes long in Postgres.
    static let largestAttributes = 192

    /// The group in a FIFO queue: `schema.table:key`, or `schema.table` if there is no key.
    ///
    /// The table is part of it, so that rows of different tables with the same key do not wait for each other. What is
    /// longer than 128 characters, or holds others than the service takes there, is replaced by its SHA-256.
    var group: String {
        var text = Array("\(schema ?? "").\(table ?? "")".utf8)
        if let key { text += [UInt8(ascii: ":")] + key }
        // Letters, digits and punctuation of ASCII, but no space.
        if text.count <= 128, text.allSatisfy({ (0x21...0x7E).contains($0) }) {
            return String(decoding: text, as: UTF8.self)
        }
        return "sha256:" + SHA256.hash(data: text).hexadecimal
    }
}
