/// What the client tells the server about its progress: the standby status update, `r`.
///
/// Positions are of the "last byte + 1" kind, as a Commit's `endLSN` is. Only ``flushed`` moves a logical slot.
package struct StandbyStatus: Hashable, Sendable {
    /// Up to where the log was received.
    package var written: LSN

    /// Up to where everything is durable: the server may forget what lies below.
    package var flushed: LSN

    /// Up to where everything was applied.
    package var applied: LSN

    /// The client's clock in microseconds since 2000-01-01 00:00 UTC.
    package var clientTime: Int64

    /// Whether the server is to answer with a keepalive at once.
    package var replyRequested: Bool

    /// How many bytes an encoded status has.
    package static let encodedLength = 34

    /// Makes a status.
    package init(written: LSN, flushed: LSN, applied: LSN, clientTime: Int64, replyRequested: Bool = false) {
        self.written = written
        self.flushed = flushed
        self.applied = applied
        self.clientTime = clientTime
        self.replyRequested = replyRequested
    }

    /// The payload of the CopyData to send.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.encodedLength)
        bytes.append(UInt8(ascii: "r"))
        for field in [written.rawValue, flushed.rawValue, applied.rawValue, UInt64(bitPattern: clientTime)] {
            withUnsafeBytes(of: field.bigEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.append(replyRequested ? 1 : 0)
        return bytes
    }
}
