import Glibc
import SluicePostgres

/// The files of a log.
struct LogFolder: Sendable {
    private static let suffix = ".segment"

    let path: String

    /// Makes the folder if it is missing.
    func create() throws(SinkError) {
        guard mkdir(path, 0o700) != 0 else { return try OpenFile.synchronizeFolder(of: path) }
        let code = errno
        guard code == EEXIST else { throw SinkError(opening: path, errno: code) }
    }

    /// The path of a segment.
    func path(of start: UInt64) -> String {
        let digits = String(start, radix: 16)
        return "\(path)/\(String(repeating: "0", count: 16 - digits.count))\(digits)\(Self.suffix)"
    }

    /// Where the segments start that are there, in order.
    func segments() -> [UInt64] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var starts: [UInt64] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(Self.suffix) else { continue }
            if let start = UInt64(name.dropLast(Self.suffix.count), radix: 16) { starts.append(start) }
        }
        return starts.sorted()
    }

    /// Makes a segment with its header, which is there whole or not at all.
    func create(_ header: SegmentHeader) throws -> OpenFile {
        let path = path(of: header.start)
        let new = "\(path).new"
        guard let file = try OpenFile.open(new, flags: O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, mode: 0o600)
        else { throw SinkError(opening: new, errno: ENOENT) }
        let bytes = header.encoded
        try bytes.withUnsafeBytes { try file.write($0) }
        try file.synchronize()
        guard rename(new, path) == 0 else { throw SinkError("name", path, errno: errno) }
        try OpenFile.synchronizeFolder(of: path)
        return file
    }

    /// Opens a segment.
    func open(_ start: UInt64) throws(SinkError) -> OpenFile {
        let path = path(of: start)
        guard let file = try OpenFile.open(path, flags: O_RDWR | O_APPEND | O_NOFOLLOW) else {
            throw SinkError(
                .changedOutside,
                "\(path) is missing: something else than Sluice has removed it. Put it back, or start with a new state "
                    + "folder to go on without its changes."
            )
        }
        return file
    }

    /// Removes a segment; it does not matter if it is still there after a crash.
    func remove(_ start: UInt64) {
        unlink(path(of: start))
    }
}
