internal import Glibc

/// Appends messages to a transaction's file, many with one call of the system.
final class SpoolWriter {
    private static let size = 256 << 10

    let transaction: UInt32
    private let path: String
    private let descriptor: Int32
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    private var used = 0

    /// Opens the file behind what it holds, or a new one.
    init(_ path: String, transaction: UInt32, isNew: Bool) throws(ReplicationError) {
        self.path = path
        self.transaction = transaction
        let how = isNew ? O_CREAT | O_TRUNC : O_APPEND
        descriptor = open(path, O_WRONLY | how | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ReplicationError(spooling: "open", path, errno: errno) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        buffer.deallocate()
    }

    func append(_ message: SpooledMessage, of frame: UnsafeRawBufferPointer) throws(ReplicationError) {
        let start = SpoolRecord.headerSize + 1
        if used + start + message.rest.count > Self.size { try flush() }
        let head = UnsafeMutableRawBufferPointer(rebasing: buffer[used...])
        SpoolRecord(length: message.count, xid: message.xid).write(to: head)
        head[SpoolRecord.headerSize] = message.type
        used += start
        let rest = UnsafeRawBufferPointer(rebasing: frame[message.rest])
        if rest.count <= Self.size - used {
            UnsafeMutableRawBufferPointer(rebasing: buffer[used...]).copyMemory(from: rest)
            used += rest.count
        } else {
            try flush()
            try write(rest)
        }
    }

    /// Hands everything to the system.
    func flush() throws(ReplicationError) {
        let filled = UnsafeRawBufferPointer(rebasing: buffer[..<used])
        used = 0
        try write(filled)
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(ReplicationError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                throw ReplicationError(spooling: "write to", path, errno: errno)
            }
        }
    }
}
