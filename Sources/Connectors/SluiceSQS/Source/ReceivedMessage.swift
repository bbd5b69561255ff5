import FoundationEssentials
import SluicePipelines

/// A message as SQS hands it out.
///
/// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Message.html
struct ReceivedMessage: Decodable {
    struct Attribute: Decodable {
        var text: String?
        /// In Base64.
        var binary: String?

        enum CodingKeys: String, CodingKey {
            case text = "StringValue"
            case binary = "BinaryValue"
        }
    }

    var identifier: String
    var receiptHandle: String
    var body: String
    var systemAttributes: [String: String]?
    var attributes: [String: Attribute]?

    enum CodingKeys: String, CodingKey {
        case identifier = "MessageId"
        case receiptHandle = "ReceiptHandle"
        case body = "Body"
        case systemAttributes = "Attributes"
        case attributes = "MessageAttributes"
    }

    var metadata: [String: String] {
        var metadata = systemAttributes ?? [:]
        metadata["MessageId"] = identifier
        for (name, attribute) in attributes ?? [:] {
            metadata["MessageAttributes.\(name)"] = attribute.text ?? attribute.binary
        }
        return metadata
    }

    /// The message for a pipeline.
    func message(_ acknowledgement: Acknowledgement) -> Message<String> {
        Message(body, metadata: metadata, acknowledgement: acknowledgement)
    }

    /// Reads an answer to `ReceiveMessage`; `nil` if it is not one of SQS.
    static func list(_ bytes: [UInt8]) -> [ReceivedMessage]? {
        struct Answer: Decodable {
            var messages: [ReceivedMessage]?

            enum CodingKeys: String, CodingKey {
                case messages = "Messages"
            }
        }
        return (try? JSONDecoder().decode(Answer.self, from: Data(bytes))).map { $0.messages ?? [] }
    }
}
