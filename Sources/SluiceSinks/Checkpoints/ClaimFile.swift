import Glibc
import SluicePostgres

/// A small file that a process locks while it uses a sink of a slot with a state file.
enum ClaimFile {
    /// Locks the claim until the last reference to the result goes away, also if the process is killed.
    ///
    /// - Throws: ``SinkError`` if another process has it.
    static func take(folder: String, source: SourceIdentity, sink: String) throws -> OpenFile {
        let path = "\(folder)/\(name(source: source, sink: sink)).lock"
        guard let file = try OpenFile.open(path, flags: O_RDWR | O_CREAT | O_NOFOLLOW) else {
            throw SinkError(opening: path, errno: ENOENT)
        }
        guard try file.lock() else {
            let holder = try holder(of: file)
            throw SinkError(
                .inUse,
                "Another process\(holder) delivers \(source) to \(sink) with the state in \(folder). Stop it, or give "
                    + "another state folder."
            )
        }
        try file.truncate(to: 0)
        try Array("\(getpid())\n".utf8).withUnsafeBytes { try file.write($0) }
        return file
    }

    /// The claim's name, without an extension: readable where that is possible, and different for different claims.
    static func name(source: SourceIdentity, sink: String) -> String {
        // FNV-1a, because the name has to be the same in each process, which Swift's own hashing is not. The zero byte
        // keeps the parts apart.
        let key = [source.systemIdentifier, source.slot, sink].joined(separator: "\0")
        let hash = key.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return "\(source.slot.filter { $0.isLetter || $0.isNumber || $0 == "_" })-\(String(hash, radix: 16))"
    }

    private static func holder(of file: OpenFile) throws -> String {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        let digits = buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }
        return digits.isEmpty ? "" : " (\(String(decoding: digits, as: UTF8.self)))"
    }
}
