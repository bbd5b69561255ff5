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
        var rest = changes[...]
        while !rest.isEmpty {
            let batch = rest.prefix(bytes: Self.mostBytes)
            try write(batch)
            rest = rest[batch.endIndex...]
        }
        return SinkPosition(cursor: progress.cursor)
    }

    mutating func rewind(to cursor: Cursor) throws -> SinkPosition {
        guard let last = progress.cursor, last > cursor else { return SinkPosition(cursor: progress.cursor) }
        try repeating { writer throws in
            try writer.transaction { producer in
                try producer.produce(CursorRecord(cursor, of: writer.source))
                try producer.settle { _ in nil }
            }
            writer.progress = DeliveryProgress(at: cursor)
        }
        return SinkPosition(cursor: cursor)
    }

    /// Writes some changes in a transaction.
    private mutating func write(_ changes: ArraySlice<Change>) throws {
        try repeating { writer throws in
            var next = writer.progress
            var messages: [OutgoingMessage] = []
            for change in changes {
                guard let first = try next.take(change) else { continue }
                change.forEachOutgoing(from: first) { message, _ in messages.append(message) }
            }
            guard let cursor = next.cursor, cursor != writer.progress.cursor else { return }
            try writer.transaction { producer in
                for (number, message) in messages.enumerated() { try producer.produce(message, number: number) }
                try producer.produce(CursorRecord(cursor, of: writer.source))
                try producer.settle { messages.indices.contains($0) ? messages[$0] : nil }
            }
            writer.progress = next
        }
    }

    /// Runs a transaction to its commit; one that fails is aborted.
    private func transaction(_ body: (TransactionProducer) throws -> Void) throws {
        guard let producer else { throw TransactionFailure.lost(reason: "There is no producer.") }
        do {
            try producer.begin()
            try body(producer)
            try producer.commit()
        } catch let failure as TransactionFailure {
            switch failure {
            case .lost: break
            case .abortable: try producer.abort()
            // Whoever reads only what is committed would wait for the end of what was written.
            case .lasting(let error) where error.code != .takenOver: try? producer.abort()
            case .lasting: break
            }
            throw failure
        }
    }

    /// Repeats an attempt, after waits that grow, until it succeeds or nothing cures it.
    private mutating func repeating(_ attempt: (inout TransactionWriter) throws -> Void) throws {
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

extension ArraySlice<Change> {
    /// The longest beginning with at most so many bytes, and at least one change.
    fileprivate func prefix(bytes limit: Int) -> ArraySlice<Change> {
        var bytes = 0
        let end = indices.first { index in
            bytes += Int(self[index].length)
            return bytes > limit && index > startIndex
        }
        return self[startIndex..<(end ?? endIndex)]
    }
}

extension KafkaFailure {
    /// What an opening that failed tells.
    fileprivate func sinkError(_ failure: TransactionFailure) -> SinkError {
        switch failure {
        case .lasting(let error): error
        case .abortable(let reason), .lost(let reason):
            SinkError(.unavailable, "\(cluster) begins no transactions: \(reason).")
        }
    }
}
