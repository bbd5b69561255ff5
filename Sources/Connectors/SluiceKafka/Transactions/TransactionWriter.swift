import CLibRDKafka
import Sluice
import SluicePostgres
import SluiceSinks

/// The blocking half of ``TransactionalKafkaSink``.
///
/// `@unchecked Sendable`: only the sink's thread ever calls it, one call at a time.
struct TransactionWriter: SinkWriter, @unchecked Sendable {
    /// A batch with more bytes is split: librdkafka copies what is under way.
    private static let mostBytes = 4 << 20

    private let settings: KafkaSettings
    private let id: String
    private let source: SourceIdentity
    private let cursorTopic: String
    private let stop: StopFlag
    private var producer: TransactionProducer?
    private var progress: DeliveryProgress

    static func open(
        _ settings: KafkaSettings,
        id: String,
        source: SourceIdentity,
        stop: StopFlag
    ) throws -> (TransactionWriter, SinkOpening) {
        var writer = TransactionWriter(settings, id: id, source: source, stop: stop)
        do {
            let cursor = try writer.takeOver()
            writer.progress = DeliveryProgress(at: cursor)
            return (writer, SinkOpening(position: SinkPosition(cursor: cursor)))
        } catch let failure as TransactionFailure {
            throw KafkaFailure(settings).sinkError(failure)
        }
    }

    private init(_ settings: KafkaSettings, id: String, source: SourceIdentity, stop: StopFlag) {
        self.settings = settings
        self.id = id
        self.source = source
        self.stop = stop
        cursorTopic = settings.options.cursorTopic ?? "sluice.cursor.\(source.slot)"
        progress = DeliveryProgress(at: nil)
    }

    mutating func deliver(_ changes: [Change]) throws -> SinkPosition {
        switch try deliver(changes, without: []) {
        case .written(let position): return position
        case .refused(let letters):
            throw SinkError(
                .refused,
                "\(letters[0].reason) It is the message at \(letters[0].message.cursor). Give --dead-letter to have such "
                    + "messages put aside."
            )
        }
    }

    /// Writes a batch but for some messages.
    ///
    /// - Parameters:
    ///   - changes: What of them the sink has already is not written again.
    ///   - aside: The places of messages that are durable elsewhere.
    /// - Returns: Whether everything is written.
    /// - Throws: What no other attempt cures.
    mutating func deliver(_ changes: [Change], without aside: Set<Cursor>) throws -> BatchOutcome {
        var rest = changes[...]
        while !rest.isEmpty {
            let batch = rest.prefix(bytes: Self.mostBytes)
            let refused = try write(batch, without: aside)
            guard refused.isEmpty else {
                // The batch comes again from its beginning.
                progress = DeliveryProgress(at: progress.cursor)
                return .refused(refused)
            }
            rest = rest[batch.endIndex...]
        }
        return .written(SinkPosition(cursor: progress.cursor))
    }

    mutating func rewind(to cursor: Cursor) throws -> SinkPosition {
        guard let last = progress.cursor, last > cursor else { return SinkPosition(cursor: progress.cursor) }
        try repeating { writer throws in
            try writer.transaction([], cursor)
            writer.progress = DeliveryProgress(at: cursor)
        }
        return SinkPosition(cursor: cursor)
    }

    /// Writes some changes, in one transaction unless a broker refuses that.
    ///
    /// - Returns: Messages that can never be written, and behind which nothing was; none if everything was.
    private mutating func write(_ changes: ArraySlice<Change>, without aside: Set<Cursor>) throws -> [DeadLetter] {
        var narrowing = Narrowing()
        while true {
            do {
                let part = try repeating { [most = narrowing.most] writer throws -> TransactionPart? in
                    let part = try TransactionPart(of: changes, after: writer.progress, without: aside, most: most)
                    guard let part else { return nil }
                    try writer.transaction(part.messages, part.cursor)
                    writer.progress = part.progress
                    return part
                }
                guard let part, !part.isLast else { return [] }
                narrowing.written(part.messages.count)
            } catch TransactionRefusal.suspect(let count) {
                narrowing.refused(count)
            } catch TransactionRefusal.refused(let letters) {
                return letters
            }
        }
    }

    /// Writes messages and the cursor behind them in a transaction; one that fails is aborted.
    private func transaction(_ messages: ArraySlice<OutgoingMessage>, _ cursor: Cursor) throws {
        guard let producer else { throw TransactionFailure.lost(reason: "There is no producer.") }
        do {
            try producer.begin()
            try producer.write(messages, CursorRecord(cursor, of: source))
            try producer.commit()
        } catch let refusal as TransactionRefusal {
            try producer.abort()
            throw refusal
        } catch let failure as TransactionFailure {
            switch failure {
            case .lost: break
            case .abortable:
                try producer.abort()
                // The report that says why may come after the call that failed for it.
                try producer.checkReports(of: messages)
            // Whoever reads only what is committed would wait for the end of what was written.
            case .lasting(let error) where error.code != .takenOver: try? producer.abort()
            case .lasting: break
            }
            throw failure
        }
    }

    /// Repeats an attempt, after waits that grow, until it succeeds or nothing cures it.
    private mutating func repeating<Result>(_ attempt: (inout TransactionWriter) throws -> Result) throws -> Result {
        var backoff = Backoff(base: .milliseconds(200), maximum: .seconds(30))
        var failures = 0
        while true {
            do {
                if producer == nil { try resume() }
                return try attempt(&self)
            } catch TransactionFailure.lasting(let error) {
                throw error
            } catch TransactionFailure.lost {
                producer = nil
            } catch TransactionFailure.abortable {
                // It was aborted.
            } catch let error as SinkError where error.code == .unavailable {
                producer = nil
            }
            failures += 1
            try pause(backoff.delay(after: failures))
        }
    }

    /// Takes over from a producer of which it is not known what it has committed.
    private mutating func resume() throws {
        let before = progress.cursor
        let stored = try takeOver()
        guard before.map({ before in stored.map { $0 >= before } ?? false }) ?? true else {
            throw SinkError(
                .changedOutside,
                "The cursor of transactional.id=\(id) in the topic \"\(cursorTopic)\" stands at "
                    + "\(stored?.description ?? "no place") and was at \(before?.description ?? "none") before. Check that "
                    + "the topic is compacted and that only one process writes."
            )
        }
        progress = DeliveryProgress(at: stored)
    }

    /// Makes a producer that fences the ones before it.
    ///
    /// - Returns: The cursor.
    private mutating func takeOver() throws -> Cursor? {
        producer = nil
        let next = try TransactionProducer(settings, id: id, cursorTopic: cursorTopic, stop: stop)
        try next.check()
        try next.initialize()
        let record = try CursorReader(settings: settings, topic: cursorTopic, stop: stop).last(of: id)
        if let record, !record.belongs(to: source) {
            throw SinkError(
                .otherSource,
                "transactional.id=\(id) belongs to slot \(record.slot) of server \(record.systemIdentifier), and this is "
                    + "\(source). Give each slot a transactional.id of its own."
            )
        }
        producer = next
        return record?.cursor
    }

    private func pause(_ duration: Duration) throws {
        let deadline = Instant.now.advanced(by: duration)
        while Instant.now < deadline {
            if stop.isRaised { throw SinkError(.notOpen, "\(settings.name) is closed.") }
            stop.wakeUp.reset()
            stop.wakeUp.wait(milliseconds: Instant.now.milliseconds(until: deadline))
        }
    }
}
