import Glibc
import SluicePostgres
import Synchronization

/// Appends dead letters to a file, one JSON object per line; each is on the disk before its key goes on.
public final class FileDeadLetters: DeadLetterBox {
    private let path: String
    private let thread = BlockingThread()
    // Only the thread takes this lock, so holding it over a blocking call keeps nobody waiting.
    private let file = Mutex<OpenFile?>(nil)

    /// Makes a box; nothing is opened yet.
    ///
    /// - Parameter path: Where the file is or will be; relative to the working folder unless it starts with `/`.
    public init(path: String) {
        self.path = absolutePath(path)
    }

    /// Opens or creates the file, and claims it against other processes.
    public func open() async throws {
        try await run { path, file in
            let flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK
            guard let opened = try OpenFile.open(path, flags: flags), try opened.status().isRegular else {
                throw SinkError(.unusablePath, "\(path) is not a regular file. Give another path for the dead letters.")
            }
            guard try opened.lock() else {
                throw SinkError(.inUse, "Another process writes to \(path). Give another path for the dead letters.")
            }
            // A crash may have cut the last line off; its letter comes again, on a line of its own.
            let length = try opened.status().length
            if length > 0, try opened.byte(at: length - 1) != UInt8(ascii: "\n") {
                try [UInt8(ascii: "\n")].withUnsafeBytes { try opened.write($0) }
            }
            try OpenFile.synchronizeFolder(of: path)
            file = opened
        }
    }

    /// Appends a line for each letter, and waits until all are on the disk.
    public func put(_ letters: [DeadLetter], of sink: String) async throws {
        try await run { path, file in
            guard let file else { throw SinkError(.notOpen, "\(path) is not open.") }
            var bytes: [UInt8] = []
            for letter in letters {
                bytes += letter.encoded(of: sink)
                bytes.append(UInt8(ascii: "\n"))
            }
            try bytes.withUnsafeBytes { try file.write($0) }
            try file.synchronize()
        }
    }

    /// Closes the file.
    public func close() async {
        await thread.close { [self] in file.withLock { $0 = nil } }
    }

    private func run(_ body: @escaping @Sendable (String, inout OpenFile?) throws -> Void) async throws {
        do {
            try await thread.run { [self] in try file.withLock { try body(path, &$0) } }
        } catch is BlockingThread.Closed {
            throw SinkError(.notOpen, "\(path) is closed.")
        }
    }
}
