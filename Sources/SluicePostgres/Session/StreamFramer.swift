/// Turns the frames of a session into numbered changes without decoding rows.
///
/// Pure: no input or output, no clock. It consumes Begin, Commit, Origin, Relation, Type and Message itself. A row gets its index in the transaction and,
/// unless it is at or below the bound, a dense sequence number; a Commit gets a number too. Rows share the bytes of a
/// batch, which is closed whenever the relations change and when it is full.
///
/// The messages of a transaction that is still open are only passed on, to be kept; after its commit they come back, and
/// become the events that they would be had the server sent them then.
package struct StreamFramer: ~Copyable {
    /// What a frame asks of the session.
    package enum Outcome: Equatable, Sendable {
        /// Nothing.
        case none
        /// The server wants a status at once.
        case replyRequested
        /// Everything up to the end that was asked for has been read.
        case finished
        /// The message is to be kept until its transaction ends.
        case spool(SpooledMessage)
        /// What was kept of a transaction is to be thrown away.
        case discard(UInt32)
        /// A transaction has committed: what was kept of it and is still valid is to be given to ``replay(_:)``, in order,
        /// and then its end to ``endReplay()``.
        case replay(UInt32, StreamAssembly.Committed)
    }

    struct Transaction {
        var header: TransactionHeader
        var nextIndex: UInt64 = 0
        /// Its place in the open batch's transactions.
        var slot: Int32?
    }

    private var batch = OpenBatch()
    private var closed: [RawChange] = []
    private var facts: [PositionFact] = []
    private var known: KnownRelations
    private var versions: [RelationVersion] = []
    /// The table of the last rows, which is as it was at the row before.
    private var settledTable: UInt32?
    var relations = RelationTable()
    /// The types that are not built in, as they were last named.
    private var types: [UInt32: TypeName] = [:]
    /// When each table was last described to the session.
    var described: [UInt32: UInt64] = [:]
    var descriptions: UInt64 = 0
    private var lastNames: (oid: UInt32, bytes: Int)?
    private(set) var transaction: Transaction?
    private(set) var bound: Cursor?
    var assembly = StreamAssembly()
    var replay: Replay?
    var until: LSN?
    /// Tables are being copied.
    var intake: CopyIntake?

    /// The number that the next event gets.
    package private(set) var nextSequence: UInt64

    /// The place of the last event that got a number.
    package private(set) var lastEmitted: Cursor?

    /// The highest position that the server has sent.
    package private(set) var received = LSN.zero

    /// The `walEnd` of the last keepalive.
    package private(set) var walEnd = LSN.zero

    /// Whether everything up to the end that was asked for has been read.
    package private(set) var isFinished = false

    /// Makes a framer for the first session of a slot.
    ///
    /// - Parameters:
    ///   - firstSequence: The number of the first event.
    ///   - discardThrough: Changes at or below it are dropped: they are safe already.
    ///   - until: Where to finish; nothing that commits at or above it is delivered.
    ///   - known: What the tables were like, as of a row at or below `discardThrough`.
    ///   - intake: Takes pages of tables in; `nil`: there are none.
    init(
        firstSequence: UInt64 = 0,
        discardThrough: Cursor? = nil,
        until: LSN? = nil,
        known: KnownRelations = KnownRelations(),
        intake: CopyIntake? = nil
    ) {
        nextSequence = firstSequence
        bound = discardThrough
        self.until = until
        self.known = known
        self.intake = intake
    }

    /// How many events wait to be taken.
    package var count: Int { closed.count + batch.count }

    /// What the waiting events cost.
    package private(set) var cost = 0

    /// Whether a transaction has begun, or is being streamed, and has not ended.
    package var isInTransaction: Bool { transaction != nil || assembly.count > 0 }

    /// Takes all events in order.
    package mutating func take() -> [RawChange] {
        closeBatch()
        defer {
            closed = []
            cost = 0
        }
        return closed
    }

    /// Takes what the safe position's tracker must be told, in order, before the events are handed over.
    package mutating func takeFacts() -> [PositionFact] {
        defer { facts.removeAll(keepingCapacity: true) }
        return facts
    }

    /// Takes the versions of tables that began, in order; they must be kept before the events are handed over.
    package mutating func takeVersions() -> [RelationVersion] {
        defer { versions = [] }
        return versions
    }

    /// A new session starts: its server sends the relations anew, and again everything that was not reported as safe.
    ///
    /// Events that were not taken stay; what has a number is not numbered again. Of the transactions that were being
    /// streamed nothing is left, except for one that has committed: its replay goes on to its end.
    package mutating func sessionRestarted() {
        assembly = StreamAssembly()
        guard replay == nil else {
            replay?.sessionHasEnded = true
            return
        }
        interruptCopy()
        closeBatch()
        relations = RelationTable()
        described = [:]
        lastNames = nil
        transaction = nil
        bound = [bound, lastEmitted].compactMap(\.self).max()
    }

    /// Takes in the content of one CopyData message.
    ///
    /// - Parameter frame: From its type byte on; not kept.
    /// - Returns: What the session must do.
    /// - Throws: `protocolViolation`; then the session cannot go on.
    package mutating func receive(_ frame: UnsafeRawBufferPointer) throws(ReplicationError) -> Outcome {
        guard !isFinished else { return .finished }
        switch try decoded({ () throws(PgOutputError) in try XLogFrame(decoding: frame) }) {
        case .keepalive(let walEnd, _, let replyRequested):
            return receiveKeepalive(walEnd, wantsReply: replyRequested)
        case .data(let start, _, _, let payload):
            received = max(received, start)
            return try receiveData(UnsafeRawBufferPointer(rebasing: frame[payload]), at: payload.lowerBound)
        }
    }

    private mutating func receiveKeepalive(_ position: LSN, wantsReply: Bool) -> Outcome {
        walEnd = position
        received = max(received, walEnd)
        facts.append(.keepalive(walEnd: walEnd))
        if intake != nil, transaction == nil, replay == nil { passBoundary(walEnd) }
        if let until, transaction == nil, walEnd >= until {
            isFinished = true
            return .finished
        }
        return wantsReply ? .replyRequested : .none
    }

    private mutating func receiveData(
        _ payload: UnsafeRawBufferPointer,
        at offset: Int
    ) throws(ReplicationError) -> Outcome {
        let kind = try decoded { () throws(PgOutputError) in try PgOutput.kind(of: payload) }
        switch kind {
        case .streamStart, .streamStop, .streamCommit, .streamAbort:
            return try receiveStreamEvent(kind, payload)
        case _ where assembly.block != nil:
            return try receiveStreamed(kind, payload, at: offset)
        case .begin:
            try receiveBegin(decoded { () throws(PgOutputError) in try Begin(decoding: payload).header })
        case .commit:
            try receiveCommit(decoded { () throws(PgOutputError) in try Commit(decoding: payload) }, payload)
        default:
            try receiveContent(kind, payload)
        }
        return isFinished ? .finished : .none
    }

    /// Takes in a message of a transaction, or one that describes what comes in it.
    mutating func receiveContent(_ kind: PgOutput.Kind, _ payload: UnsafeRawBufferPointer) throws(ReplicationError) {
        switch kind {
        case .insert, .update, .delete, .truncate:
            try receiveRow(payload)
        case .relation:
            let types = types
            receiveRelation(try decoded { () throws(PgOutputError) in try Relation(decoding: payload, types: types) })
        case .type:
            let type = try decoded { () throws(PgOutputError) in try TypeName(decoding: payload) }
            types[type.oid] = type
        case .message:
            receiveMessage(payload)
        case .origin:
            break
        case .begin, .commit, .streamStart, .streamStop, .streamCommit, .streamAbort:
            throw violation("the start or the end of a transaction inside another")
        }
    }

    func decoded<Value>(_ decode: () throws(PgOutputError) -> Value) throws(ReplicationError) -> Value {
        do throws(PgOutputError) {
            return try decode()
        } catch {
            throw violation("something that cannot be read (\(error.message))")
        }
    }

    mutating func receiveBegin(_ header: TransactionHeader) throws(ReplicationError) {
        guard transaction == nil else { throw violation("the start of a transaction inside another") }
        if let until, header.commitLSN >= until {
            isFinished = true
            return
        }
        if intake != nil, admitPage(below: header.commitLSN, before: header) { return }
        openTransaction(header)
    }

    /// Begins a transaction.
    mutating func openTransaction(_ header: TransactionHeader) {
        if header.xid != 0 { intake?.changes.begin(header.xid) }
        transaction = Transaction(header: header)
        let end = Cursor(commitLSN: header.commitLSN, index: Cursor.commitIndex)
        if bound.map({ end <= $0 }) != true {
            let commitTime = header.xid == 0 ? nil : header.commitTime
            facts.append(.began(commitLSN: header.commitLSN, commitTime: commitTime))
        }
    }

    private mutating func receiveRow(_ payload: UnsafeRawBufferPointer) throws(ReplicationError) {
        guard let open = transaction else { throw violation("a row outside a transaction") }
        transaction?.nextIndex += 1
        let cursor = Cursor(commitLSN: open.header.commitLSN, index: open.nextIndex)
        // Also of a row that is dropped below: the next one is compared with it.
        let changes = known.advance(to: cursor) ? schemaChanges(of: payload) : []
        emit(payload, index: open.nextIndex, changes)
        if intake != nil { intake?.note(payload, relations) }
    }

    /// What the tables of a row were before, as far as they were different.
    private mutating func schemaChanges(of payload: UnsafeRawBufferPointer) -> [SchemaChange] {
        guard let oid = try? RowMessage.relationOID(of: payload) else { return [] }
        if payload.first == PgOutput.Kind.truncate.rawValue {
            return ((try? Truncate(decoding: payload))?.relationOIDs ?? []).compactMap { schemaChange(of: $0) }
        }
        guard oid != settledTable else { return [] }
        settledTable = oid
        return schemaChange(of: oid).map { [$0] } ?? []
    }

    private mutating func schemaChange(of oid: UInt32) -> SchemaChange? {
        guard let relation = relations[oid], let (version, before) = known.look(at: relation) else { return nil }
        versions.append(version)
        return before.map { SchemaChange(before: $0, after: relation) }
    }

    private mutating func receiveCommit(
        _ commit: Commit,
        _ payload: UnsafeRawBufferPointer
    ) throws(ReplicationError) {
        guard let header = transaction?.header else { throw violation("the end of a transaction that did not begin") }
        guard header.commitLSN == commit.commitLSN else { throw violation("the end of another transaction") }
        endTransaction(at: commit.endLSN, payload)
    }

    /// Ends the transaction that has begun.
    mutating func endTransaction(
        at endLSN: LSN,
        _ payload: UnsafeRawBufferPointer,
        index: UInt64 = Cursor.commitIndex
    ) {
        let isNew = emit(payload, index: index)
        facts.append(.committed(endLSN: endLSN, sequence: isNew ? nextSequence - 1 : nil))
        transaction = nil
        received = max(received, endLSN)
        if let until, endLSN >= until { isFinished = true }
        if intake != nil, !isFinished { passBoundary(endLSN) }
    }

    private mutating func receiveRelation(_ relation: Relation) {
        if replay == nil { described[relation.oid] = nextDescription() }
        if let known = relations[relation.oid], known.isSame(as: relation) { return }
        closeBatch()
        if let known = replay?.relations[relation.oid], known.isSame(as: relation) {
            relations.update(known)
        } else {
            relations.update(relation)
        }
        lastNames = nil
        settledTable = nil
    }

    mutating func nextDescription() -> UInt64 {
        descriptions += 1
        return descriptions
    }

    /// Goes over to other versions of the tables.
    mutating func exchangeRelations(_ others: RelationTable) {
        closeBatch()
        relations = others
        lastNames = nil
        settledTable = nil
    }

    /// Leaves the transaction that has begun without its end.
    mutating func leaveTransaction() {
        transaction = nil
    }

    /// Numbers and keeps an event, unless it is at or below the bound.
    @discardableResult
    mutating func emit(
        _ payload: UnsafeRawBufferPointer,
        index: UInt64,
        _ schemaChanges: [SchemaChange] = []
    ) -> Bool {
        guard let transaction else { return false }
        let cursor = Cursor(commitLSN: transaction.header.commitLSN, index: index)
        if let bound {
            if cursor <= bound { return false }
            self.bound = nil
        }
        if batch.isFull { closeBatch() }
        let isCommit = payload.first == PgOutput.Kind.commit.rawValue
        let slot = self.transaction?.slot ?? batch.add(transaction.header)
        self.transaction?.slot = slot
        var names = isCommit ? 0 : names(of: payload)
        if !schemaChanges.isEmpty {
            batch.add(schemaChanges)
            names += schemaChanges.reduce(0) { $0 + $1.messageBytes }
        }
        cost += batch.append(payload, index: index, transaction: slot, names: names)
        nextSequence += 1
        lastEmitted = cursor
        return true
    }

    /// How many bytes of JSON every row of a row message's relation has besides its values; rows of one relation mostly
    /// follow each other.
    private mutating func names(of payload: UnsafeRawBufferPointer) -> Int {
        guard let oid = try? RowMessage.relationOID(of: payload) else { return 0 }
        if let lastNames, lastNames.oid == oid { return lastNames.bytes }
        let bytes = relations[oid]?.plan.bytesBesideValues ?? 0
        lastNames = (oid, bytes)
        return bytes
    }

    private mutating func closeBatch() {
        guard batch.count > 0 else { return }
        batch.close(
            relations: relations,
            firstSequence: nextSequence - UInt64(batch.count),
            isCopy: isCopying,
            into: &closed
        )
        transaction?.slot = nil
    }

    func violation(_ what: String) -> ReplicationError {
        ReplicationError(
            .protocolViolation,
            "The server sent \(what), after position \(received). Check that server and Sluice are of versions that"
                + " work together; the slot has not moved."
        )
    }
}
