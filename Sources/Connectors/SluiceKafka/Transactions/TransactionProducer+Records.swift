import CLibRDKafka
import SluicePostgres
import SluiceSinks

extension TransactionProducer {
    /// Writes messages and the cursor behind them.
    ///
    /// - Parameters:
    ///   - messages: In order, numbered from 0.
    ///   - cursor: Written into the cursor's topic.
    /// - Throws: ``TransactionFailure`` or ``TransactionRefusal`` if one of the records is not written;
    ///   ``SluiceSinks/SinkError`` when the sink is closed.
    func write(_ messages: ArraySlice<OutgoingMessage>, _ cursor: CursorRecord) throws {
        // All that the library refuses, so that one attempt finds them.
        var refused: [DeadLetter] = []
        for (number, message) in messages.enumerated() {
            if let letter = try produce(message, number: number) { refused.append(letter) }
        }
        guard refused.isEmpty else { throw TransactionRefusal.refused(refused) }
        try produce(cursor)
        // After a fault nothing of the transaction will be there, and what is in the queue is not sent any more.
        while underWay > 0, fault == nil { try hear() }
        try checkReports(of: messages)
    }

    /// Looks for a report of a record that was not written.
    ///
    /// - Parameter messages: Those of the transaction.
    /// - Throws: What it means for the transaction.
    func checkReports(of messages: ArraySlice<OutgoingMessage>) throws {
        guard let fault else { return }
        let message = fault.number < 0 ? nil : messages.dropFirst(fault.number).first
        switch (fault.verdict, message) {
        case (.suspect, nil): throw TransactionFailure.lasting(cursorRefused(fault.code))
        // Others in its message set may be to blame: only alone it is judged.
        case (.suspect, _) where messages.count > 1: throw TransactionRefusal.suspect(count: messages.count)
        case (.suspect, let message?): throw TransactionRefusal.refused([letter(for: message, fault.code)])
        case (.missing, nil):
            throw TransactionFailure.lasting(failure.missingCursorTopic(fault.code, "of the cursor"))
        case (.missing, _), (.unauthorized, _):
            let error = failure.lasting(fault.code, topic: message.map { failure.topic(of: $0) })
            throw error.map { .lasting($0) } ?? TransactionFailure.abortable(reason: fault.code.text)
        case (.durable, _), (.again, _), (.failed, _):
            throw TransactionFailure.abortable(reason: trouble.map { failure.redacted($0.text) } ?? fault.code.text)
        }
    }

    /// Hands a message's records over, and waits while the library has no room.
    ///
    /// - Parameters:
    ///   - message: Copied before this returns.
    ///   - number: Told again by a report.
    /// - Returns: Why it can never be written; `nil` if it was handed over.
    /// - Throws: As ``write(_:_:)``.
    private func produce(_ message: OutgoingMessage, number: Int) throws -> DeadLetter? {
        let route: Route
        switch client.route(schema: message.schema, table: message.table) {
        case .success(let found): route = found
        case .failure(let fault):
            return DeadLetter(message: message, reason: "It cannot be sent: \(fault.reason).", attempts: 0)
        }
        let hasTombstone = settings.options.tombstones && message.action == .delete && message.key != nil
        for part in hasTombstone ? [RecordPart.message, .tombstone] : [.message] {
            let refusal = try handOver(topic: failure.topic(of: message)) {
                client.produce(message, part, to: route, number: UInt(number))
            }
            if let refusal { return letter(for: message, refusal) }
        }
        return nil
    }

    private func produce(_ record: CursorRecord) throws {
        let value = try record.encoded
        let refusal = try handOver(topic: nil) {
            let result = value.withUnsafeBytes { value in
                Array(id.utf8).withUnsafeBytes { key in
                    rd_kafka_produce(
                        cursorTopic,
                        0,
                        Int32(RD_KAFKA_MSG_F_COPY),
                        UnsafeMutableRawPointer(mutating: value.baseAddress),
                        value.count,
                        key.baseAddress,
                        key.count,
                        UnsafeMutableRawPointer(bitPattern: UInt.max)
                    )
                }
            }
            return result == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error()
        }
        if let refusal { throw TransactionFailure.lasting(cursorRefused(refusal)) }
    }

    /// Calls until the library takes a record.
    ///
    /// - Returns: Why it never takes it; `nil` if it did.
    private func handOver(topic: String?, _ produce: () -> ResponseCode) throws -> ResponseCode? {
        while true {
            let code = produce()
            switch code {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                underWay += 1
                return nil
            case RD_KAFKA_RESP_ERR__QUEUE_FULL where underWay > 0:
                try hear()
            case _ where Verdict(code) == .suspect:
                return code
            case RD_KAFKA_RESP_ERR__STATE:
                throw TransactionFailure.abortable(reason: code.text)
            default:
                throw failure.lasting(code, topic: topic).map { TransactionFailure.lasting($0) }
                    ?? TransactionFailure.lost(reason: code.text)
            }
        }
    }

    private func letter(for message: OutgoingMessage, _ code: ResponseCode) -> DeadLetter {
        DeadLetter(message: message, reason: failure.refusalReason(of: message, code), attempts: 0)
    }

    private func cursorRefused(_ code: ResponseCode) -> SinkError {
        SinkError(.refused, "\(failure.cluster) does not take the cursor: \(code.text).")
    }
}
