import SluicePipelines

/// A message as it came from the broker.
struct Delivery: Sendable {
    var tag: UInt64
    /// Tells its channel from those before.
    var generation: Int
    var metadata: [String: String]
    var body: [UInt8]

    init(_ content: ContentAssembly<BrokerFrame.Envelope>.Content, generation: Int) {
        let envelope = content.head
        tag = envelope.tag
        self.generation = generation
        metadata = content.properties
        metadata["delivery_tag"] = String(envelope.tag)
        metadata["redelivered"] = envelope.isRedelivered ? "true" : "false"
        metadata["exchange"] = envelope.exchange
        metadata["routing_key"] = envelope.routingKey
        body = content.body
    }

    func message(_ acknowledger: any Acknowledger) -> Message<[UInt8]> {
        Message(
            body,
            metadata: metadata,
            acknowledgement: Acknowledgement(acknowledger, receipt: .number(tag), group: generation)
        )
    }
}
