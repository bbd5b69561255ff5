private let source = MessageSource(database: "d", systemIdentifier: "1", host: "h", slot: "s")

/// Lets the framer read frames, each behind two bytes of its length, and makes messages of what it gives out.
func fuzzSession(_ input: UnsafeRawBufferPointer) {
    var framer = StreamFramer()
    var kept = KeptMessages()
    var encoder = ChangeEncoder(source: source)
    var divided = ChangeEncoder(source: source, batchLimit: 1)
    var next: UInt64 = 0
    var last: Cursor?
    var index = 0
    while index + 2 <= input.count {
        let length = Int(input[index]) << 8 | Int(input[index + 1])
        let end = min(input.count, index + 2 + length)
        let frame = UnsafeRawBufferPointer(rebasing: input[(index + 2)..<end])
        index = end
        decodeAlone(frame)
        do throws(ReplicationError) {
            switch try framer.receive(frame) {
            case .none, .replyRequested, .finished: break
            case .spool(let message): kept.append(message, of: frame)
            case .discard(let transaction): kept.discard(transaction)
            case .replay(let transaction, let committed): try kept.replay(transaction, committed, into: &framer)
            }
        } catch {
            require(error.code == .protocolViolation && !error.message.isEmpty, "\(error)")
            framer.abandonReplay()
            framer.sessionRestarted()
            kept = KeptMessages()
        }
        require(!framer.isReplaying, "a replay that does not end")
    }
    _ = framer.takeFacts()
    _ = framer.takeVersions()
    let raw = framer.take()
    let changes = encoder.encode(raw)
    require(changes.count == raw.count, "\(raw.count) became \(changes.count)")
    let again = divided.encode(raw)
    for (change, other) in zip(changes, again) {
        require(change.sequence == next, "\(change.sequence) instead of \(next)")
        next += 1
        require(last.map { $0 < change.cursor } ?? true, "\(change.cursor) behind \(String(describing: last))")
        last = change.cursor
        let bytes = change.batch.bytes[Int(change.offset)..<Int(change.offset + change.length)]
        checkMessages(bytes, of: change)
        require(bytes.elementsEqual(other.batch.bytes[Int(other.offset)..<Int(other.offset + other.length)]), "divided")
        for number in 0..<change.messageCount {
            require(change.keys(ofMessage: number) == other.keys(ofMessage: number), "keys of \(change.cursor)")
        }
    }
}

/// What a spool keeps of open transactions.
private struct KeptMessages {
    private var messages: [UInt32: [(xid: UInt32, bytes: [UInt8])]] = [:]

    mutating func append(_ message: SpooledMessage, of frame: UnsafeRawBufferPointer) {
        let bytes = [message.type] + frame[message.rest]
        require(bytes.count == message.count, "\(message.count) bytes are \(bytes.count)")
        messages[message.transaction, default: []].append((message.xid, bytes))
    }

    mutating func discard(_ transaction: UInt32) {
        messages[transaction] = nil
    }

    mutating func replay(
        _ transaction: UInt32,
        _ committed: StreamAssembly.Committed,
        into framer: inout StreamFramer
    ) throws(ReplicationError) {
        for message in messages.removeValue(forKey: transaction) ?? []
        where committed.includes(message.bytes[0], of: message.xid) {
            let result = message.bytes.withUnsafeBytes { bytes in
                Result { () throws(ReplicationError) in try framer.replay(bytes) }
            }
            try result.get()
        }
        framer.endReplay()
    }
}

/// Lets a frame's message be read for itself, also those that the framer reads over.
private func decodeAlone(_ frame: UnsafeRawBufferPointer) {
    guard case .data(_, _, _, let payload) = try? XLogFrame(decoding: frame) else { return }
    let message = UnsafeRawBufferPointer(rebasing: frame[payload])
    switch try? PgOutput.kind(of: message) {
    case .begin: _ = try? Begin(decoding: message)
    case .commit: _ = try? Commit(decoding: message)
    case .origin: _ = try? Origin(decoding: message)
    case .type: _ = try? TypeName(decoding: message)
    case .truncate: _ = try? Truncate(decoding: message)
    case .message:
        guard let logical = try? LogicalMessage(decoding: message) else { return }
        require(logical.content.upperBound <= message.count, "a logical message's content ends behind it")
    case .relation:
        guard let relation = try? Relation(decoding: message) else { return }
        checkDescription(relation)
    case .insert, .update, .delete: walk(message)
    case .streamStart: _ = try? StreamStart(decoding: message)
    case .streamCommit: _ = try? StreamCommit(decoding: message)
    case .streamAbort: _ = try? StreamAbort(decoding: message)
    case .streamStop, nil: return
    }
}

/// Reads every value of a row.
private func walk(_ message: UnsafeRawBufferPointer) {
    guard let row = try? RowMessage(decoding: message) else { return }
    for tuple in [row.old.tuple, row.new] {
        guard var values = tuple?.values(in: message) else { continue }
        while let value = try? values.next() {
            if case .text(let range) = value { require(range.upperBound <= message.count, "a value ends behind") }
        }
    }
}

/// A description that is stored must be read again as it was.
private func checkDescription(_ relation: Relation) {
    let read = relation.encoded.withUnsafeBytes { try? Relation(decoding: $0) }
    require(read?.isSame(as: relation) == true, "the description of \(relation.name)")
}

private func checkMessages(_ bytes: ArraySlice<UInt8>, of change: Change) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    require(lines.count == change.messageCount + 1 && lines.last?.isEmpty == true, "\(lines.count) lines")
    for (number, line) in lines.dropLast().enumerated() {
        checkJSON(line)
        var cursor = change.cursor
        cursor.sub = Int32(number) - change.schemaCount
        require(cursor.sub >= -change.schemaCount, "\(cursor)")
    }
}
