import Glibc

/// The reading end of a child's output, and what came out of it.
final class ChildOutput {
    /// The child's end; closed here as soon as the child has it.
    let writingEnd: Int32
    private(set) var readingEnd: Int32
    private(set) var bytes: [UInt8] = []
    private(set) var isAtEnd = false

    init() throws {
        // By name, because that can be made closed-on-exec in one step: no other child that starts at this moment may
        // keep it open.
        let folder = try TemporaryFolder()
        let path = folder.path("pipe")
        guard mkfifo(path, 0o600) == 0 else { throw TestFailure("no pipe: \(errno)") }
        readingEnd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        writingEnd = open(path, O_WRONLY | O_CLOEXEC)
        guard readingEnd >= 0, writingEnd >= 0 else { throw TestFailure("no pipe: \(errno)") }
    }

    deinit {
        if readingEnd >= 0 { close(readingEnd) }
    }

    /// Goes away as a reader.
    func stopReading() {
        close(readingEnd)
        readingEnd = -1
        isAtEnd = true
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    var lines: [String] { text.split(separator: "\n").map(String.init) }

    /// Reads once; to be called when there is something to read.
    func read() {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(readingEnd, &chunk, chunk.count)
        if count > 0 {
            bytes += chunk[..<count]
        } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
            isAtEnd = true
        }
    }
}
