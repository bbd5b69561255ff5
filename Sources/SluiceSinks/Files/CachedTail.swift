/// Which part of a growing file need not stay in the system's page cache.
///
/// What is durable and that far behind the end is read by nobody soon, and each page that it holds is one that the
/// database beside us cannot have. New pages cost as well: the writing of a large file into memory that was never used
/// before takes several times as long as into pages that come back.
struct CachedTail {
    /// How much stays, so that those who follow the file read it from memory.
    static let size: UInt64 = 32 << 20

    /// Below this, the system is not asked.
    static let step: UInt64 = 4 << 20

    private var start: UInt64

    /// - Parameter length: The length of the file that is found; what it holds is left as it is.
    init(behind length: UInt64) {
        start = length
    }

    /// What may go, each byte once.
    ///
    /// - Parameter length: How many bytes are durable.
    /// - Returns: `nil` while it is too little.
    mutating func grow(to length: UInt64) -> Range<UInt64>? {
        // A file that was cut starts anew.
        start = min(start, length)
        guard length - start >= Self.size + Self.step else { return nil }
        let end = length - Self.size
        defer { start = end }
        return start..<end
    }
}
