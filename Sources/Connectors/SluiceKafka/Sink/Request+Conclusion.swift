import CLibRDKafka
import SluiceSinks

extension Request {
    /// What a round came to.
    enum Conclusion {
        case results([SendResult])
        /// The call as a whole has failed.
        case failure(SinkError)
        /// Some messages have to be sent once more, in another round with another client.
        case another
    }

    /// How many rounds in a row may change nothing: a producer that fails each time at once would spin until the
    /// deadline.
    private static let mostIdleRounds = 5

    /// Concludes a round that is over; `trouble` is what was heard last from the connections.
    mutating func conclude(isOverdue: Bool, trouble: Trouble?, _ failure: KafkaFailure) -> Conclusion {
        if areAllDurable { return .results(messages.map { _ in .durable }) }
        let wasOneByOne = needsOneByOne
        for index in messages.indices {
            guard case .underWay(_, let fault) = fates[index] else { continue }
            let code = fault ?? RD_KAFKA_RESP_ERR__FAIL
            let topic = failure.topic(of: messages[index])
            switch Verdict(code) {
            case .durable, .again:
                fates[index] = .waiting
            case .suspect where wasOneByOne:
                fates[index] = .settled(failure.refusal(of: messages[index], code))
            case .suspect:
                // Others in its message set may be to blame: only alone it is judged.
                fates[index] = .waiting
                needsOneByOne = true
            case .unauthorized:
                return .failure(failure.unauthorized(code.text, object: "the topic \"\(topic)\""))
            case .missing where failure.isTopicFixed:
                return .failure(failure.missing(code, topic: topic))
            case .missing:
                fates[index] = .settled(.failed(reason: failure.missing(code, topic: topic).message))
            case .failed:
                fates[index] = .settled(.failed(reason: "The topic \"\(topic)\" did not take it: \(code.text)."))
            }
        }
        holdBack()
        let results = settledResults
        guard results.count < messages.count else { return .results(results) }
        // The step to one by one is progress too.
        let hasProgress = messages.count - results.count < left || needsOneByOne != wasOneByOne
        if isActive { idleRounds = hasProgress ? 0 : idleRounds + 1 }
        left = messages.count - results.count
        if isOverdue || idleRounds >= Self.mostIdleRounds { return .failure(failure.overdue(trouble)) }
        restart()
        return .another
    }

    private var areAllDurable: Bool {
        fates.allSatisfy { if case .durable = $0 { true } else { false } }
    }

    /// The results of the messages that have one.
    private var settledResults: [SendResult] {
        fates.compactMap { fate in
            switch fate {
            case .durable: .durable
            case .settled(let result): result
            case .waiting, .underWay: nil
            }
        }
    }

    /// Lets no message be ahead of an earlier one of its key.
    ///
    /// Behind one that failed all count as failed. Behind one that has to be sent again all are sent again: a broker
    /// that keeps to the protocol has written none of them, and one that does not gets the right order at last.
    mutating func holdBack() {
        var failed: Set<MessageKey> = []
        var repeated: Set<MessageKey> = []
        for index in messages.indices {
            let key = MessageKey(messages[index])
            switch fates[index] {
            case .settled:
                failed.insert(key)
            case .waiting, .durable:
                if failed.contains(key) {
                    fates[index] = .settled(.failed(reason: "An earlier message of its key in the request failed."))
                } else if case .waiting = fates[index] {
                    repeated.insert(key)
                } else if repeated.contains(key) {
                    fates[index] = .waiting
                }
            case .underWay: break
            }
        }
    }
}

/// What messages have in common that have to stay in order.
private struct MessageKey: Hashable {
    let table: TableName
    let key: ArraySlice<UInt8>?

    init(_ message: OutgoingMessage) {
        table = TableName(schema: message.schema, table: message.table)
        key = message.key
    }
}
