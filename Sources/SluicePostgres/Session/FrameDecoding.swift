/// A bounds-checked reader over the bytes of one frame: the few fields that the framer needs.
struct FrameFields {
    private var bytes: Slice<UnsafeRawBufferPointer>

    init(_ bytes: Slice<UnsafeRawBufferPointer>) {
        self.bytes = bytes
    }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(ReplicationError) -> Value {
        guard bytes.count >= MemoryLayout<Value>.size else { throw FrameFields.truncated }
        var value: Value = 0
        for byte in bytes.prefix(MemoryLayout<Value>.size) { value = value << 8 | Value(truncatingIfNeeded: byte) }
        bytes = bytes.dropFirst(MemoryLayout<Value>.size)
        return value
    }

    mutating func position() throws(ReplicationError) -> LSN {
        LSN(rawValue: try integer())
    }

    mutating func text() throws(ReplicationError) -> String {
        guard let end = bytes.firstIndex(of: 0) else { throw FrameFields.truncated }
        defer { bytes = bytes[(end + 1)...] }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    private static var truncated: ReplicationError {
        ReplicationError(
            .protocolViolation,
            "The server sent a message that ends too early. Check that nothing between here and the server changes data."
        )
    }
}

/// What Commit says.
struct CommitFields {
    var commitLSN: LSN
    var endLSN: LSN
}

func decodeBegin(_ payload: Slice<UnsafeRawBufferPointer>) throws(ReplicationError) -> TransactionHeader {
    var fields = FrameFields(payload.dropFirst())
    let commitLSN = try fields.position()
    let commitTime: Int64 = try fields.integer()
    return TransactionHeader(commitLSN: commitLSN, commitTime: commitTime, xid: try fields.integer())
}

func decodeCommit(_ payload: Slice<UnsafeRawBufferPointer>) throws(ReplicationError) -> CommitFields {
    var fields = FrameFields(payload.dropFirst())
    _ = try fields.integer(UInt8.self)
    let commitLSN = try fields.position()
    return CommitFields(commitLSN: commitLSN, endLSN: try fields.position())
}

func decodeRelation(_ payload: Slice<UnsafeRawBufferPointer>) throws(ReplicationError) -> Relation {
    var fields = FrameFields(payload.dropFirst())
    let oid: UInt32 = try fields.integer()
    let schema = try fields.text()
    let name = try fields.text()
    let identity: UInt8 = try fields.integer()
    let count: UInt16 = try fields.integer()
    var columns: [Column] = []
    for _ in 0..<count {
        let flags: UInt8 = try fields.integer()
        let column = try fields.text()
        let type: UInt32 = try fields.integer()
        let modifier: Int32 = try fields.integer()
        columns.append(Column(name: column, typeOID: type, typeModifier: modifier, isIdentity: flags & 1 == 1))
    }
    return Relation(oid: oid, schema: schema, name: name, replicaIdentity: identity, columns: columns)
}

/// The status that a client sends: 34 bytes.
func encodeStatus(write: LSN, flush: LSN, apply: LSN, time: Int64, wantsReply: Bool) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "r")]
    for value in [write.rawValue, flush.rawValue, apply.rawValue, UInt64(bitPattern: time)] {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    bytes.append(wantsReply ? 1 : 0)
    return bytes
}
