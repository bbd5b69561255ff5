import CLibRDKafka
import SluicePostgres
import SluiceSinks

/// One producer with a transactional id, and the transaction that is under way.
///
/// Blocks its thread, which must always be the same one. Never repaired: whoever gets ``TransactionFailure/lost(reason:)``
/// drops it.
final class TransactionProducer {
    /// A record that was not written.
    struct Fault {
        /// That of its message; negative: it is the cursor.
        var number: Int
        var verdict: Verdict
        var code: ResponseCode
    }

    let settings: KafkaSettings
    let id: String
    let failure: KafkaFailure
    let client: ProducerClient
    let cursorTopic: OpaquePointer?
    /// How many records are handed over and not reported.
    var underWay = 0
    /// The first record that was not written; one that a broker refused before all others.
    private(set) var fault: Fault?
    private let stop: StopFlag
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
        fault = nil
        try call { rd_kafka_begin_transaction(client.handle) }
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
    func hear() throws {
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
                note(Fault(number: Int(truncatingIfNeeded: number), verdict: Verdict(code), code: code))
            case .trouble(let next):
                if next.weight >= trouble?.weight ?? 0 { trouble = next }
            case .fatal(let next):
                trouble = next
            }
        }
    }

    /// Behind a record that a broker refused come others that it did not judge.
    private func note(_ next: Fault) {
        guard next.verdict != .durable else { return }
        if fault == nil || next.verdict == .suspect && fault?.verdict != .suspect { fault = next }
    }

    private func checkStop() throws {
        if stop.isRaised { throw SinkError(.notOpen, "\(settings.name) is closed.") }
    }
}
