package import SluicePostgres
import Synchronization

/// The blocking half of a sink.
package protocol SinkWriter: Sendable {
    /// Makes a batch durable, as ``OrderedSink/deliver(_:)``.
    mutating func deliver(_ changes: [Change]) throws -> SinkPosition

    /// Forgets what is above a cursor, as ``OrderedSink/rewind(to:)``.
    mutating func rewind(to cursor: Cursor) throws -> SinkPosition
}

/// Runs a sink's blocking half on a thread of its own, and ends it at its first failure.
package final class SinkThread<Writer: SinkWriter>: Sendable {
    private enum Phase {
        case new
        case open(Writer)
        case failed(any Error)
        case closed
    }

    private let name: String
    private let thread = BlockingThread()
    // Only the thread takes this lock, so holding it over a blocking call keeps nobody waiting.
    private let phase = Mutex(Phase.new)

    /// Starts the thread; nothing is opened yet.
    ///
    /// - Parameter name: The sink's name in messages.
    package init(name: String) {
        self.name = name
    }

    /// Makes the writer on the thread; only once.
    package func open(_ make: @escaping @Sendable () throws -> (Writer, SinkOpening)) async throws -> SinkOpening {
        try await run { [name] phase in
            guard case .new = phase else { throw SinkError(.notOpen, "\(name) was opened before: make a new one.") }
            do {
                let (writer, opening) = try make()
                phase = .open(writer)
                return opening
            } catch {
                phase = .failed(error)
                throw error
            }
        }
    }

    /// Lets the writer deliver a batch.
    package func deliver(_ changes: [Change]) async throws -> SinkPosition {
        try await perform { try $0.deliver(changes) }
    }

    /// Lets the writer forget what is above a cursor.
    package func rewind(to cursor: Cursor) async throws -> SinkPosition {
        try await perform { try $0.rewind(to: cursor) }
    }

    /// Drops the writer, which gives back what it holds, and waits for that.
    package func close() async {
        await thread.close { [self] in phase.withLock { $0 = .closed } }
    }

    /// Drops the writer as soon as the thread gets to it, which may be never, without waiting.
    func abandon() {
        thread.close()
    }

    /// Lets the writer do something else; if it throws, it is dropped, as by ``deliver(_:)``.
    package func perform<Result: Sendable>(
        _ body: @escaping @Sendable (inout Writer) throws -> Result
    ) async throws -> Result {
        try await run { [self] phase in
            guard case .open(var writer) = phase else { throw notOpen(phase) }
            do {
                let result = try body(&writer)
                phase = .open(writer)
                return result
            } catch {
                phase = .failed(error)
                throw error
            }
        }
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (inout Phase) throws -> Result
    ) async throws -> Result {
        do {
            return try await thread.run { [self] in try phase.withLock { try body(&$0) } }
        } catch is BlockingThread.Closed {
            throw SinkError(.notOpen, "\(name) is closed.")
        }
    }

    private func notOpen(_ phase: Phase) -> SinkError {
        guard case .failed(let cause) = phase else { return SinkError(.notOpen, "\(name) is not open.") }
        return SinkError(.notOpen, "\(name) failed before (\(cause)): open it anew.", cause: cause)
    }
}
