import CLibRDKafka
import SluiceSinks

/// What becomes of a transaction that failed.
enum TransactionFailure: Error {
    /// It has to be aborted, and may then be tried again.
    case abortable(reason: String)
    /// The producer is of no use any more, and it is not known whether the transaction was committed: another one finds
    /// out by the cursor.
    case lost(reason: String)
    /// No other attempt cures it.
    case lasting(SinkError)
}

extension KafkaFailure {
    /// What an opening that failed tells.
    func sinkError(_ failure: TransactionFailure) -> SinkError {
        switch failure {
        case .lasting(let error): error
        case .abortable(let reason), .lost(let reason):
            SinkError(.unavailable, "\(cluster) begins no transactions: \(reason).")
        }
    }

    /// Sorts an error of the transactional calls; `nil`: the call is to be repeated.
    func transactionFailure(_ error: OpaquePointer, of client: OpaquePointer, id: String) -> TransactionFailure? {
        var reason = ErrorText()
        let fatal = reason.fill { rd_kafka_fatal_error(client, $0, $1) }
        let code = fatal == RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_error_code(error) : fatal
        let text = redacted(
            fatal == RD_KAFKA_RESP_ERR_NO_ERROR ? String(cString: rd_kafka_error_string(error)) : reason.text
        )
        switch code {
        case RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
            return .lasting(fenced(id: id, text))
        case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
            return .lasting(unauthorized(text, object: "the transactional id \"\(id)\""))
        case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
            return .lasting(
                SinkError(
                    .badURL,
                    "\(cluster) does not allow transactions to take so long: \(text). Give a shorter "
                        + "transaction.timeout.ms, or raise transaction.max.timeout.ms of the brokers."
                )
            )
        default: break
        }
        if let error = lasting(code, topic: nil) { return .lasting(error) }
        if fatal != RD_KAFKA_RESP_ERR_NO_ERROR || rd_kafka_error_is_fatal(error) != 0 { return .lost(reason: text) }
        if rd_kafka_error_txn_requires_abort(error) != 0 { return .abortable(reason: text) }
        return rd_kafka_error_is_retriable(error) != 0 ? nil : .lost(reason: text)
    }

    /// The error for a process whose transactional id another one has now.
    func fenced(id: String, _ text: String) -> SinkError {
        SinkError(
            .takenOver,
            "Another process writes to \(cluster) with transactional.id=\(id): \(text). This one stops, and nothing is "
                + "lost. Let only one write, or give each slot a transactional.id of its own."
        )
    }

    /// The error for a topic that a transactional sink cannot do without.
    func missingCursorTopic(_ code: ResponseCode, _ topic: String) -> SinkError {
        SinkError(
            .missing,
            "\(cluster) has no topic \"\(topic)\" for the cursor (\(code.text)). Create it, for example with "
                + "kafka-topics.sh --create --topic \(topic) --partitions 1 --config cleanup.policy=compact, or name "
                + "another by cursor.topic."
        )
    }
}
