/// What a client does with a queue, for the messages of its errors.
struct QueueUse {
    /// Says that the queue cannot do it for the time being.
    let outage: String
    /// What one has to be allowed.
    let rights: String

    static let sending = QueueUse(
        outage: "takes nothing now",
        rights: "sqs:GetQueueAttributes and sqs:SendMessage"
    )

    static let receiving = QueueUse(
        outage: "cannot be used now",
        rights: "sqs:ReceiveMessage, sqs:DeleteMessage, sqs:ChangeMessageVisibility and sqs:GetQueueAttributes"
    )
}
