import Glibc

/// A file descriptor with the calls that sinks need; blocking.
final class OpenFile: Sendable {
    /// What a file is, whatever its name.
    struct Status: Hashable, Sendable {
        var device: UInt64
        var inode: UInt64
        var length: UInt64
        var isRegular: Bool
        var isLinked: Bool
    }

    private let descriptor: Int32
    private let name: String
    private let closesAtEnd: Bool

    /// Takes a descriptor.
    ///
    /// - Parameters:
    ///   - descriptor: An open one.
    ///   - name: The file's name in messages.
    ///   - closesAtEnd: Whether the descriptor, and a lock on it, ends with this object.
    init(descriptor: Int32, name: String, closesAtEnd: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.closesAtEnd = closesAtEnd
    }

    /// Opens a file by path.
    ///
    /// - Returns: `nil` if it does not exist and the flags do not create it.
    static func open(_ path: String, flags: Int32, mode: mode_t = 0o644) throws(SinkError) -> OpenFile? {
        while true {
            let descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
            if descriptor >= 0 { return OpenFile(descriptor: descriptor, name: path, closesAtEnd: true) }
            let code = errno
            if code == EINTR { continue }
            if code == ENOENT, flags & O_CREAT == 0 { return nil }
            throw SinkError(opening: path, errno: code)
        }
    }

    deinit {
        guard closesAtEnd else { return }
        // Closing alone leaves the lock to a child process that is being started at this moment, until it runs.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    func status() throws(SinkError) -> Status {
        var result = stat()
        guard fstat(descriptor, &result) == 0 else { throw SinkError("look at", name, errno: errno) }
        return Status(
            device: UInt64(result.st_dev),
            inode: UInt64(result.st_ino),
            length: UInt64(max(result.st_size, 0)),
            isRegular: result.st_mode & S_IFMT == S_IFREG,
            isLinked: result.st_nlink > 0
        )
    }

    /// Locks the file against other processes until the last reference to this object goes away.
    ///
    /// It waits a second for one that is just ending, or that has been forked from this one and has not yet closed what it
    /// inherited.
    ///
    /// - Returns: Whether nobody else has it.
    func lock() throws(SinkError) -> Bool {
        var attempts = 100
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            guard code == EWOULDBLOCK || code == EINTR else { throw SinkError("lock", name, errno: code) }
            attempts -= 1
            if attempts == 0 { return false }
            usleep(10_000)
        }
        return true
    }

    /// Writes all bytes, in as many calls as it takes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                continue
            }
            let code = errno
            switch code {
            case EINTR: continue
            case EAGAIN: waitUntilWritable()
            default: throw SinkError("write to", name, errno: code)
            }
        }
    }

    /// Reads at an offset; 0 at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SinkError) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            let code = errno
            if code != EINTR { throw SinkError("read", name, errno: code) }
        }
    }

    func truncate(to length: UInt64) throws(SinkError) {
        while ftruncate(descriptor, off_t(length)) != 0 {
            let code = errno
            if code != EINTR { throw SinkError("cut", name, errno: code) }
        }
    }

    /// Makes everything written durable, and the length that it takes to read it.
    ///
    /// After a failure the system forgets what it could not write, so asking again would lie.
    ///
    /// - Parameter unsupported: Error codes of things that cannot be synchronized, such as pipes.
    /// - Returns: `false` if it is such a thing.
    /// - Throws: ``SinkError`` if it failed.
    @discardableResult
    func synchronize(unsupported: Set<Int32> = []) throws(SinkError) -> Bool {
        while fdatasync(descriptor) != 0 {
            let code = errno
            if unsupported.contains(code) { return false }
            if code != EINTR { throw SinkError("make durable", name, errno: code) }
        }
        return true
    }

    /// Lets the system's page cache give up a part of the file that is durable; only a hint.
    func leaveCache(_ range: Range<UInt64>) {
        posix_fadvise(descriptor, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_DONTNEED)
    }

    /// Makes a file's entry in its folder durable.
    static func synchronizeFolder(of path: String) throws(SinkError) {
        let folder = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
        let opened = try open(folder.isEmpty ? "/" : String(folder), flags: O_RDONLY | O_DIRECTORY)
        // Some file systems do this by themselves and refuse to be asked.
        try opened?.synchronize(unsupported: [EINVAL])
    }

    /// A descriptor that the process inherited may be non-blocking.
    private func waitUntilWritable() {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = Glibc.poll(&poll, 1, -1)
    }
}
