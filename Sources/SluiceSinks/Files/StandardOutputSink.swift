import Glibc
public import SluicePostgres

/// Writes messages to standard output, one JSON object per line, in the order of the stream.
///
/// At least once: what is durable behind a pipe cannot be known, so the cursor is only in the state file, and what was
/// written after it was last saved comes again after a crash. If standard output is a file, it is synchronized.
///
/// Writing happens on a thread of its own: a reader that does not read holds up ``deliver(_:)`` and nothing else.
public final class StandardOutputSink: OrderedSink {
    /// `-`.
    public let identity = "-"

    private let descriptor: Int32
    private let thread = SinkThread<StandardOutputWriter>(name: "standard output")

    /// Makes a sink on the process's standard output.
    public convenience init() {
        self.init(descriptor: STDOUT_FILENO)
    }

    /// Makes a sink on any descriptor, which it never closes.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Answers the remembered cursor.
    ///
    /// From here on the process ignores `SIGPIPE`, so that a reader that closes is an error and not the end.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await thread.open { [descriptor] in
            signal(SIGPIPE, SIG_IGN)
            let file = OpenFile(descriptor: descriptor, name: "standard output", closesAtEnd: false)
            let writer = StandardOutputWriter(file: file, cursor: remembered?.cursor)
            return (writer, SinkOpening(position: SinkPosition(cursor: remembered?.cursor)))
        }
    }

    /// Writes a batch; waits, without blocking a thread of the caller's, while the reader does not read.
    public func deliver(_ changes: [Change]) async throws -> SinkPosition {
        try await thread.deliver(changes)
    }

    /// Lets the messages above a cursor be written again; what was written cannot be taken back.
    public func rewind(to cursor: Cursor) async throws -> SinkPosition {
        try await thread.rewind(to: cursor)
    }

    /// Ends the thread, without waiting for a write that the reader holds up.
    public func close() async {
        thread.abandon()
    }
}
