extension RequestBody {
    /// Asks for messages.
    ///
    /// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
    static func receive(_ count: Int, from queue: QueueAddress, _ options: SQSSource.Options) -> [UInt8] {
        var body = RequestBody()
        body.append("{\"QueueUrl\":")
        body.append(string: queue.url.utf8)
        body.append(",\"MaxNumberOfMessages\":\(count),\"WaitTimeSeconds\":\(options.waitTimeSeconds)")
        if let timeout = options.visibilityTimeout {
            body.append(",\"VisibilityTimeout\":\(timeout.components.seconds)")
        }
        body.append(names: options.messageSystemAttributeNames, as: "MessageSystemAttributeNames")
        body.append(names: options.messageAttributeNames, as: "MessageAttributeNames")
        body.append("}")
        return body.bytes
    }

    /// Deletes messages; the identifier of each is its place among them.
    static func deletion(of receiptHandles: [String], from queue: QueueAddress) -> [UInt8] {
        entries(receiptHandles, of: queue) { _, _ in }
    }

    /// Hides messages for some seconds from now on; the identifier of each is its place among them.
    static func visibility(of changes: [VisibilityChange], in queue: QueueAddress) -> [UInt8] {
        entries(changes.map(\.receiptHandle), of: queue) { body, place in
            body.append(",\"VisibilityTimeout\":\(changes[place].seconds)")
        }
    }

    private static func entries(
        _ receiptHandles: [String],
        of queue: QueueAddress,
        _ rest: (inout RequestBody, Int) -> Void
    ) -> [UInt8] {
        var body = RequestBody()
        body.append("{\"QueueUrl\":")
        body.append(string: queue.url.utf8)
        body.append(",\"Entries\":[")
        for (place, receiptHandle) in receiptHandles.enumerated() {
            body.append("\(place == 0 ? "" : ","){\"Id\":\"\(place)\",\"ReceiptHandle\":")
            body.append(string: receiptHandle.utf8)
            rest(&body, place)
            body.append("}")
        }
        body.append("]}")
        return body.bytes
    }

    private mutating func append(names: [String], as field: String) {
        guard !names.isEmpty else { return }
        append(",\"\(field)\":[")
        for (place, name) in names.enumerated() {
            if place > 0 { append(",") }
            append(string: name.utf8)
        }
        append("]")
    }
}
