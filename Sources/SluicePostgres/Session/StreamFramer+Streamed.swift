/// Transactions that the server sends in blocks while they are open, protocol version 2.
extension StreamFramer {
    /// A committed transaction whose messages come back.
    struct Replay {
        /// Its Commit, in the form of version 1.
        let commit: [UInt8]
        let endLSN: LSN
        /// The session's tables; the transaction brings its own, as it saw them.
        let relations: RelationTable
        /// When the transaction's tables were last described.
        let described: [UInt32: UInt64]
        /// The session has ended in the meantime.
        var sessionHasEnded = false
    }

    /// Whether a committed transaction is being replayed; until that ends nothing else may be received.
    package var isReplaying: Bool { replay != nil }

    /// Whether what comes next is there already: of such a transaction, or of a page.
    var isOccupied: Bool { isReplaying || isCopying }

    /// How many transactions are being streamed.
    package var openStreams: Int { assembly.count }

    /// Takes in the start or the end of a block or of a streamed transaction.
    mutating func receiveStreamEvent(
        _ kind: PgOutput.Kind,
        _ payload: UnsafeRawBufferPointer
    ) throws(ReplicationError) -> Outcome {
        guard transaction == nil else { throw violation("a part of a streamed transaction inside another transaction") }
        switch kind {
        case .streamStart:
            let start = try decoded { () throws(PgOutputError) in try StreamStart(decoding: payload) }
            try ordered { (assembly) throws(StreamAssembly.Disorder) in try assembly.start(start) }
        case .streamAbort:
            let abort = try decoded { () throws(PgOutputError) in try StreamAbort(decoding: payload) }
            let isWhole = try ordered { (assembly) throws(StreamAssembly.Disorder) in try assembly.abort(abort) }
            if isWhole { return .discard(abort.xid) }
        case .streamCommit:
            return try receiveStreamCommit(payload)
        default:
            try ordered { (assembly) throws(StreamAssembly.Disorder) in try assembly.stop() }
        }
        return .none
    }

    /// Takes in a message inside a block: the id of its (sub)transaction stands behind its type.
    mutating func receiveStreamed(
        _ kind: PgOutput.Kind,
        _ payload: UnsafeRawBufferPointer,
        at offset: Int
    ) throws(ReplicationError) -> Outcome {
        guard let transaction = assembly.block else { return .none }
        var message = SpooledMessage(
            transaction: transaction,
            xid: transaction,
            type: kind.rawValue,
            rest: offset + 1..<offset + payload.count
        )
        switch kind {
        case .origin:
            // It comes with every block, and otherwise once for each transaction; it carries no id.
            return assembly.isFirstBlock ? .spool(message) : .none
        case .relation, .type, .insert, .update, .delete, .truncate, .message:
            let (xid, oid) = try decoded { () throws(PgOutputError) in
                var reader = ByteReader(payload, message: "Streamed message")
                _ = try reader.read(UInt8.self, "type")
                let xid = try reader.read(UInt32.self, "transaction id")
                return (xid, kind == .relation ? try reader.read(UInt32.self, "oid") : 0)
            }
            if kind == .relation { assembly.describe(oid, arrival: nextDescription()) }
            message.xid = xid
            message.rest = offset + 5..<offset + payload.count
            return .spool(message)
        default:
            throw violation("the start or the end of a transaction inside a streamed block")
        }
    }

    private mutating func receiveStreamCommit(_ payload: UnsafeRawBufferPointer) throws(ReplicationError) -> Outcome {
        let commit = try decoded { () throws(PgOutputError) in try StreamCommit(decoding: payload) }
        let committed = try ordered { (assembly) throws(StreamAssembly.Disorder) in
            try assembly.commit(commit.header.xid)
        }
        try receiveBegin(commit.header)
        if isFinished { return .finished }
        replay = Replay(
            commit: StreamCommit.commit(of: payload),
            endLSN: commit.endLSN,
            relations: relations,
            described: committed.described
        )
        exchangeRelations(RelationTable())
        return .replay(commit.header.xid, committed)
    }

    /// Takes in a message that was kept and is still valid, in the form of version 1.
    package mutating func replay(_ message: UnsafeRawBufferPointer) throws(ReplicationError) {
        let kind = try decoded { () throws(PgOutputError) in try PgOutput.kind(of: message) }
        try receiveContent(kind, message)
    }

    /// All that was kept has been replayed: the transaction ends.
    package mutating func endReplay() {
        guard let replay else { return }
        replay.commit.withUnsafeBytes { endTransaction(at: replay.endLSN, $0) }
        let own = relations
        var session = replay.relations
        // A table may have been described again since, to another transaction.
        for oid in replay.described.keys.sorted() {
            guard let arrival = replay.described[oid], let relation = own[oid] else { continue }
            if arrival > described[oid] ?? 0 {
                session.update(relation)
                described[oid] = arrival
            }
        }
        exchangeRelations(session)
        self.replay = nil
        if replay.sessionHasEnded { sessionRestarted() }
    }

    /// What was kept is lost: the transaction is given up, and the next session brings the rest of it.
    package mutating func abandonReplay() {
        guard replay != nil else { return }
        replay = nil
        leaveTransaction()
    }

    private mutating func ordered<Value>(
        _ change: (inout StreamAssembly) throws(StreamAssembly.Disorder) -> Value
    ) throws(ReplicationError) -> Value {
        do throws(StreamAssembly.Disorder) {
            return try change(&assembly)
        } catch {
            throw violation(error.what)
        }
    }
}
