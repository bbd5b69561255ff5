/// The payload of one CopyData of the server in a replication stream.
package enum XLogFrame: Hashable, Sendable {
    /// A part of the stream, `w`.
    ///
    /// Start and end are equal in practice, and zero for messages that have no position. The payload, one pgoutput
    /// message, is a range of the decoded bytes; the time is in microseconds since 2000-01-01 00:00 UTC.
    case data(start: LSN, end: LSN, sendTime: Int64, payload: Range<Int>)

    /// A sign of life, `k`.
    ///
    /// The server has decoded and sent everything below `walEnd`. If it wants a reply and gets none it closes the
    /// connection after `wal_sender_timeout`. The time is in microseconds since 2000-01-01 00:00 UTC.
    case keepalive(walEnd: LSN, time: Int64, replyRequested: Bool)

    /// Where the payload of `w` starts.
    package static let payloadOffset = 25

    /// Reads the payload of a CopyData.
    ///
    /// - Throws: If the first byte is unknown, a field is cut short, or bytes follow a keepalive.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        switch bytes.first {
        case UInt8(ascii: "w"):
            var reader = ByteReader(bytes, message: "XLogData")
            _ = try reader.read(UInt8.self, "type")
            let start = LSN(rawValue: try reader.read(UInt64.self, "start"))
            let end = LSN(rawValue: try reader.read(UInt64.self, "end"))
            let time = try reader.read(Int64.self, "send time")
            self = .data(start: start, end: end, sendTime: time, payload: reader.position..<bytes.count)
        case UInt8(ascii: "k"):
            var reader = ByteReader(bytes, message: "Keepalive")
            _ = try reader.read(UInt8.self, "type")
            let walEnd = LSN(rawValue: try reader.read(UInt64.self, "end of the log"))
            let time = try reader.read(Int64.self, "time")
            let reply = try reader.read(UInt8.self, "reply flag")
            try reader.finish()
            self = .keepalive(walEnd: walEnd, time: time, replyRequested: reply != 0)
        case let type?:
            throw PgOutputError(.unknownMessage, "CopyData: there is no replication frame of type \(type).")
        case nil:
            throw PgOutputError(.truncated, "CopyData: the frame is empty.")
        }
    }
}
