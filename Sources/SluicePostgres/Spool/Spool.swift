internal import Glibc

/// The messages of streamed transactions that are still open, in files: one for each transaction.
///
/// Nothing in it has to outlive the process, so nothing is made durable: after a crash the server sends it all again.
/// Memory holds what is being written or read, 256 KiB or one message, however large the transactions are.
///
/// Its calls may wait for the disk. It belongs to one thread.
final class Spool {
    private static let prefix = "transaction-"
    private static let suffix = ".spool"

    private let place: SpoolPlace
    private var lengths: [UInt32: Int] = [:]
    private var writer: SpoolWriter?
    private var reader: SpoolReader?

    /// How many bytes the open transactions have.
    private(set) var bytes = 0

    init(_ place: SpoolPlace) {
        self.place = place
    }

    /// Keeps a message.
    ///
    /// - Parameters:
    ///   - message: Where it is.
    ///   - frame: What it is in.
    /// - Throws: `spoolFailed` if the limit would be exceeded or the disk refuses it.
    func append(_ message: SpooledMessage, of frame: UnsafeRawBufferPointer) throws(ReplicationError) {
        let size = SpoolRecord.headerSize + message.count
        guard bytes + size <= place.limit else { throw full() }
        let writer = try writer(for: message.transaction)
        lengths[message.transaction, default: 0] += size
        bytes += size
        try writer.append(message, of: frame)
    }

    /// Throws away what was kept of a transaction.
    func discard(_ transaction: UInt32) {
        if writer?.transaction == transaction { writer = nil }
        guard let length = lengths.removeValue(forKey: transaction) else { return }
        bytes -= length
        unlink(path(of: transaction))
    }

    /// Throws away everything, also what another process has left in the folder.
    func discardAll() {
        (writer, reader) = (nil, nil)
        lengths = [:]
        bytes = 0
        guard let folder = opendir(place.folder) else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) { unlink("\(place.folder)/\(name)") }
        }
        rmdir(place.folder)
    }

    /// Starts to give a transaction's messages back.
    func beginReplay(_ transaction: UInt32) throws(ReplicationError) {
        if writer?.transaction == transaction {
            try writer?.flush()
            writer = nil
        }
        reader = try SpoolReader(path(of: transaction), length: lengths[transaction] ?? 0, transaction: transaction)
    }

    /// Gives the next message back.
    ///
    /// - Parameter body: Gets the type, the (sub)transaction's id and the message as version 1 has it; the bytes live only
    ///   during the call.
    /// - Returns: `false` after the last message; then the file is gone.
    /// - Throws: `spoolFailed` if the file cannot be read, and what the closure throws.
    func next(
        _ body: (UInt32, UnsafeRawBufferPointer) throws(ReplicationError) -> Void
    ) throws(ReplicationError) -> Bool {
        guard let reader else { return false }
        if try reader.next(body) { return true }
        self.reader = nil
        discard(reader.transaction)
        return false
    }

    private func writer(for transaction: UInt32) throws(ReplicationError) -> SpoolWriter {
        if let writer {
            if writer.transaction == transaction { return writer }
            try writer.flush()
            self.writer = nil
        }
        if lengths.isEmpty, mkdir(place.folder, 0o700) != 0, errno != EEXIST {
            throw ReplicationError(spooling: "make the folder", place.folder, errno: errno)
        }
        let writer = try SpoolWriter(
            path(of: transaction),
            transaction: transaction,
            isNew: lengths[transaction] == nil
        )
        self.writer = writer
        return writer
    }

    private func path(of transaction: UInt32) -> String {
        "\(place.folder)/\(Self.prefix)\(transaction)\(Self.suffix)"
    }

    private func full() -> ReplicationError {
        ReplicationError(
            .spoolFailed,
            "The transactions that are open on the server have more than \(place.limit >> 20) MB of changes, which is all"
                + " that the spool in \(place.folder) may hold."
        )
    }
}

extension ReplicationError {
    /// Says why the spool cannot be used.
    init(spooling action: String, _ path: String, errno code: Int32) {
        self.init(
            .spoolFailed,
            "The spool of open transactions cannot \(action) \(path): \(String(cString: strerror(code)))."
        )
    }
}
