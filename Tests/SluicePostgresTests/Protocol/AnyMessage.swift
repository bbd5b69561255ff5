import SluicePostgres

/// Decodes a message by its first byte, whatever it is, and reads everything in it.
func decodeAny(_ bytes: [UInt8]) throws(PgOutputError) {
    try decode(bytes) { bytes throws(PgOutputError) in
        switch try PgOutput.kind(of: bytes) {
        case .begin: _ = try Begin(decoding: bytes)
        case .commit: _ = try Commit(decoding: bytes)
        case .origin: _ = try Origin(decoding: bytes)
        case .relation: _ = try Relation(decoding: bytes)
        case .type: _ = try TypeName(decoding: bytes)
        case .message: _ = try LogicalMessage(decoding: bytes)
        case .truncate: _ = try Truncate(decoding: bytes)
        case .streamStart: _ = try StreamStart(decoding: bytes)
        case .streamCommit: _ = try StreamCommit(decoding: bytes)
        case .streamAbort: _ = try StreamAbort(decoding: bytes)
        case .streamStop:
            var reader = ByteReader(bytes, message: "Stream Stop")
            _ = try reader.read(UInt8.self, "type")
            try reader.finish()
        case .insert, .update, .delete:
            let row = try RowMessage(decoding: bytes)
            for tuple in [row.old.tuple, row.new] {
                guard var values = tuple?.values(in: bytes) else { continue }
                while let value = try values.next() {
                    if case .text(let range) = value { precondition(range.upperBound <= bytes.count) }
                }
            }
        }
    }
}

/// The error of a closure that must fail.
func code(of body: () throws(PgOutputError) -> Void) -> PgOutputError.Code? {
    do throws(PgOutputError) {
        try body()
        return nil
    } catch {
        return error.code
    }
}

/// Lets a decoder read an array.
func decode<Message>(
    _ bytes: [UInt8],
    _ decoder: (UnsafeRawBufferPointer) throws(PgOutputError) -> Message
) throws(PgOutputError) -> Message {
    try bytes.withUnsafeBytes { bytes in
        Result { () throws(PgOutputError) in try decoder(bytes) }
    }.get()
}
