import CLibRDKafka
import SluicePostgres
import SluiceSinks

/// One producer with a transactional id, and the transaction that is under way.
///
/// Blocks its thread, which must always be the same one. Never repaired: whoever gets ``TransactionFailure/lost(reason:)``
/// drops it.
final class TransactionProducer {
    private let settings: KafkaSettings
    private let id: String
    private let stop: StopFlag
    private let failure: KafkaFailure
    private let client: ProducerClient
    private let cursorTopic: OpaquePointer?
    private var underWay = 0
    private var firstFault: (number: Int, code: ResponseCode)?
    /// What was heard last from the connections.
    private(set) var trouble: Trouble?

    init(_ settings: KafkaSettings, id: String, cursorTopic: String, stop: StopFlag) throws(SinkError) {
        self.settings = settings
        self.id = id
        self.stop = stop
        failure = KafkaFailure(settings)
        client = try ProducerClient(settings, .transactions(id: id), wakeUp: stop.wakeUp)
        self.cursorTopic = rd_kafka_topic_new(client.handle, cursorTopic, nil)
    }

    deinit {
        // What is under way is not waited for: the next producer with the id aborts it.
        if underWay > 0 { client.purge(underWay: true) }
        if let cursorTopic { rd_kafka_topic_destroy(cursorTopic) }
    }

    /// Finds out whether the cluster answers.
    func check() throws(SinkError) {
        try ConnectionCheck(settings: settings, client: client).run()
    }

    /// Ends what an earlier producer with the id has begun, and fences it.
    func initialize() throws {
        let deadline = Instant.now.advanced(by: settings.options.timeout)
        try call {
            if Instant.now > deadline { throw failure.overdue(trouble) }
            return rd_kafka_init_transactions(client.handle, 1000)
        }
    }

    func begin() throws {
        firstFault = nil
        try call { rd_kafka_begin_transaction(client.handle) }
    }

    /// Hands a message's records over, and waits while the library has no room.
    ///
    /// - Parameters:
    ///   - message: Copied before this returns.
    ///   - number: Told again by ``settle(_:)`` if it is not written.
    /// - Throws: ``TransactionFailure``; ``SluiceSinks/SinkError`` when the sink is closed.
    func produce(_ message: OutgoingMessage, number: Int) throws {
        let route: Route
        switch client.route(schema: message.schema, table: message.table) {
        case .success(let found): route = found
        case .failure(let fault):
            throw TransactionFailure.lasting(
                SinkError(.refused, "The message at \(message.cursor) cannot be sent: \(fault.reason).")
            )
        }
        let hasTombstone = settings.options.tombstones && message.action == .delete && message.key != nil
        for part in hasTombstone ? [RecordPart.message, .tombstone] : [.message] {
            try handOver(message) { client.produce(message, part, to: route, number: UInt(number)) }
        }
    }

    /// Hands the cursor over.
    func produce(_ record: CursorRecord) throws {
        let value = try record.encoded
        try handOver(nil) {
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
    }

    private func handOver(_ message: OutgoingMessage?, _ produce: () -> ResponseCode) throws {
        while true {
            let code = produce()
            switch code {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                underWay += 1
                return
            case RD_KAFKA_RESP_ERR__QUEUE_FULL where underWay > 0:
                try hear()
            case _ where Verdict(code) == .suspect:
                throw TransactionFailure.lasting(refusal(of: message, code))
            case RD_KAFKA_RESP_ERR__STATE:
                throw TransactionFailure.abortable(reason: code.text)
            default:
                throw failure.lasting(code, topic: message.map { failure.topic(of: $0) })
                    .map { TransactionFailure.lasting($0) } ?? TransactionFailure.lost(reason: code.text)
            }
        }
    }

    /// Waits until everything that was handed over is written or is not.
    ///
    /// - Parameter messages: Those of the transaction, by their numbers.
    /// - Throws: ``TransactionFailure`` if one is not; ``SluiceSinks/SinkError`` when the sink is closed.
    func settle(_ messages: (Int) -> OutgoingMessage?) throws {
        while underWay > 0 { try hear() }
        guard let fault = firstFault else { return }
        let message = messages(fault.number)
        let topic = message.map { failure.topic(of: $0) }
        switch Verdict(fault.code) {
        case .suspect: throw TransactionFailure.lasting(refusal(of: message, fault.code))
        case .missing where message == nil:
            throw TransactionFailure.lasting(failure.missingCursorTopic(fault.code, "of the cursor"))
        case .missing, .unauthorized:
            if let error = failure.lasting(fault.code, topic: topic) { throw TransactionFailure.lasting(error) }
            throw TransactionFailure.abortable(reason: fault.code.text)
        case .durable, .again, .failed:
            throw TransactionFailure.abortable(reason: trouble.map { failure.redacted($0.text) } ?? fault.code.text)
        }
    }

    /// Commits; nothing may be under way.
    func commit() throws {
        try call { rd_kafka_commit_transaction(client.handle, -1) }
    }

    /// Aborts; a new transaction may follow.
    func abort() throws {
        client.purge(underWay: false)
        while underWay > 0 { try hear() }
        try call { rd_kafka_abort_transaction(client.handle, -1) }
    }

    /// Calls until the library does not ask to be called again.
    private func call(_ body: () throws -> OpaquePointer?) throws {
        while let error = try body() {
            defer { rd_kafka_error_destroy(error) }
            try listen()
            if let failure = failure.transactionFailure(error, of: client.handle, id: id) { throw failure }
            try checkStop()
        }
    }

    /// Waits for reports.
    private func hear() throws {
        stop.wakeUp.reset()
        if try !listen() {
            try checkStop()
            stop.wakeUp.wait(milliseconds: 1000)
        }
    }

    /// Takes in what there is to hear.
    @discardableResult
    private func listen() throws -> Bool {
        client.forEachEvent { event in
            switch event {
            case .report(let number, let code):
                underWay -= 1
                if code != RD_KAFKA_RESP_ERR_NO_ERROR, firstFault == nil {
                    firstFault = (Int(truncatingIfNeeded: number), code)
                }
            case .trouble(let next):
                if next.weight >= trouble?.weight ?? 0 { trouble = next }
            case .fatal(let next):
                trouble = next
            }
        }
    }

    private func checkStop() throws {
        if stop.isRaised { throw SinkError(.notOpen, "\(settings.name) is closed.") }
    }

    private func refusal(of message: OutgoingMessage?, _ code: ResponseCode) -> SinkError {
        guard let message, case .refused(let reason) = failure.refusal(of: message, code) else {
            return SinkError(.refused, "\(failure.cluster) does not take the cursor: \(code.text).")
        }
        return SinkError(
            .refused,
            "\(reason) A sink with transactions takes every message in its order: the message at \(message.cursor) ends "
                + "the stream until it is let through."
        )
    }
}
