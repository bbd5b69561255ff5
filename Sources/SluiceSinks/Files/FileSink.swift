public import SluicePostgres

/// Appends messages to a file, one JSON object per line, in the order of the stream.
///
/// Exactly once, also after a crash: the file's length is remembered beside the cursor, and what lies behind it at the
/// next start is read, kept as far as it is whole, and cut where it is not. One `fsync` per batch.
///
/// - **Rotation:** stop, rename the file, start: a missing file is created and goes on behind the last cursor. A file
///   that was shortened or replaced stops the start with an explanation.
/// - **One writer:** the file is locked with `flock`; another process that opens it is told so.
public final class FileSink: OrderedSink {
    /// `file:` and the absolute path.
    public let identity: String

    private let path: String
    private let thread: SinkThread<FileWriter>

    /// Makes a sink; nothing is opened yet.
    ///
    /// - Parameter path: Where the file is or will be; relative to the working folder unless it starts with `/`.
    public init(path: String) {
        self.path = absolutePath(path)
        identity = "file:\(self.path)"
        thread = SinkThread(name: self.path)
    }

    /// Locks and repairs the file, or creates it with the mode 0644.
    ///
    /// Only what lies behind the remembered length is read; without a state, the whole file.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await thread.open { [path] in try FileWriter.open(path: path, remembered: remembered) }
    }

    /// Appends a batch and makes it durable.
    public func deliver(_ changes: [Change]) async throws -> SinkPosition {
        try await thread.deliver(changes)
    }

    /// Cuts every message above a cursor; reads the whole file for it.
    public func rewind(to cursor: Cursor) async throws -> SinkPosition {
        try await thread.rewind(to: cursor)
    }

    /// Closes the file, which gives up its lock.
    public func close() async {
        await thread.close()
    }
}
