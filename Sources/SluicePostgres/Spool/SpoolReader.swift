internal import Glibc

/// Reads a transaction's file from its start, in pieces.
final class SpoolReader {
    private static let size = 256 << 10

    let transaction: UInt32
    private let path: String
    private let descriptor: Int32
    private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    /// What of the buffer has been read from the file and not yet given out.
    private var filled = 0..<0
    /// How many bytes of the file have not been read.
    private var remaining: Int

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: Where it is; it need not exist if the length is 0.
    ///   - length: How many bytes were written.
    ///   - transaction: Whose they are.
    /// - Throws: `spoolFailed` if it cannot be opened.
    init(_ path: String, length: Int, transaction: UInt32) throws(ReplicationError) {
        self.path = path
        self.transaction = transaction
        remaining = length
        descriptor = length > 0 ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1
        guard descriptor >= 0 || length == 0 else { throw ReplicationError(spooling: "open", path, errno: errno) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        buffer.deallocate()
    }

    /// Gives the next message; `false` after the last one.
    func next(
        _ body: (UInt32, UnsafeRawBufferPointer) throws(ReplicationError) -> Void
    ) throws(ReplicationError) -> Bool {
        guard try fill(SpoolRecord.headerSize) else { return false }
        let record = SpoolRecord(reading: UnsafeRawBufferPointer(rebasing: buffer[filled]))
        guard record.length > 0, try fill(SpoolRecord.headerSize + record.length) else { throw damaged() }
        let start = filled.lowerBound + SpoolRecord.headerSize
        let end = start + record.length
        filled = end..<filled.upperBound
        try body(record.xid, UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
        return true
    }

    /// Makes sure that so many bytes are in the buffer; `false` if the file is at its end.
    private func fill(_ count: Int) throws(ReplicationError) -> Bool {
        if filled.count >= count { return true }
        guard filled.count + remaining >= count else {
            guard filled.isEmpty, remaining == 0 else { throw damaged() }
            return false
        }
        makeRoom(for: count)
        while filled.count < count {
            let room = min(buffer.count - filled.upperBound, remaining)
            let result = read(descriptor, buffer.baseAddress.map { $0 + filled.upperBound }, room)
            if result > 0 {
                filled = filled.lowerBound..<filled.upperBound + result
                remaining -= result
            } else if result == 0 {
                throw damaged()
            } else if errno != EINTR {
                throw ReplicationError(spooling: "read", path, errno: errno)
            }
        }
        return true
    }

    /// Moves what is in the buffer to its start, and makes it as large as one message needs, and no larger for long.
    private func makeRoom(for count: Int) {
        let size = max(count, Self.size)
        let rest = UnsafeRawBufferPointer(rebasing: buffer[filled])
        if size == buffer.count {
            buffer.copyMemory(from: rest)
        } else {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, rest.count), alignment: 16)
            larger.copyMemory(from: rest)
            buffer.deallocate()
            buffer = larger
        }
        filled = 0..<rest.count
    }

    private func damaged() -> ReplicationError {
        ReplicationError(.spoolFailed, "The spool's file \(path) was changed by somebody else.")
    }
}
