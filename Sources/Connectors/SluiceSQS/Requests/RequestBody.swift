import SluiceHTTP
import SluicePostgres
import SluiceSinks

/// The JSON of a request.
///
/// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
struct RequestBody {
    private(set) var bytes: [UInt8] = []

    /// Asks for an attribute of the queue.
    static func attribute(_ name: String, of queue: QueueAddress) -> [UInt8] {
        var body = RequestBody()
        body.append("{\"QueueUrl\":")
        body.append(string: queue.url.utf8)
        body.append(",\"AttributeNames\":[\"\(name)\"]}")
        return body.bytes
    }

    /// Sends messages; the identifier of each is its place among them.
    static func batch(_ messages: ArraySlice<OutgoingMessage>, to queue: QueueAddress) -> [UInt8] {
        var body = RequestBody()
        body.bytes.reserveCapacity(messages.reduce(256) { $0 + $1.body.count * 5 / 4 + 512 })
        body.append("{\"QueueUrl\":")
        body.append(string: queue.url.utf8)
        body.append(",\"Entries\":[")
        for (place, message) in messages.enumerated() {
            body.append(place == 0 ? "{\"Id\":\"" : ",{\"Id\":\"")
            body.append(String(place))
            body.append("\",\"MessageBody\":")
            body.append(message: message.body)
            body.append(",\"MessageAttributes\":{")
            for (number, attribute) in message.attributes.enumerated() {
                body.append(number == 0 ? "\"" : ",\"")
                body.append(attribute.name)
                body.append("\":{\"DataType\":\"String\",\"StringValue\":")
                body.append(string: attribute.value.utf8)
                body.append("}")
            }
            body.append("}")
            if queue.isFIFO {
                body.append(",\"MessageGroupId\":")
                body.append(string: message.group.utf8)
                body.append(",\"MessageDeduplicationId\":\"\(message.cursor.idempotencyKey)\"")
            }
            body.append("}")
        }
        body.append("]}")
        return body.bytes
    }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(string text: some Sequence<UInt8>) {
        append(message: Array(text)[...])
    }

    /// Appends UTF-8 as a JSON string.
    ///
    /// SQS takes no U+FFFE and no U+FFFF, which Postgres does. In a message both can only stand in a string of its JSON,
    /// where `\ufffe` says the same.
    private mutating func append(message: ArraySlice<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        message.withUnsafeBufferPointer { text in
            var start = 0
            for index in text.indices {
                let byte = text[index]
                let replacement: String
                var next = index + 1
                switch byte {
                case UInt8(ascii: "\""): replacement = "\\\""
                case UInt8(ascii: "\\"): replacement = "\\\\"
                case 0..<0x20: replacement = "\\u00" + [byte].hexadecimal
                case 0xEF where index + 2 < text.count && text[index + 1] == 0xBF && text[index + 2] >= 0xBE:
                    replacement = text[index + 2] == 0xBE ? "\\\\ufffe" : "\\\\uffff"
                    next = index + 3
                default: continue
                }
                bytes.append(contentsOf: text[start..<index])
                append(replacement)
                start = next
            }
            bytes.append(contentsOf: text[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
