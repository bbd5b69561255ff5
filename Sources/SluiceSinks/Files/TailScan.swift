import SluicePostgres

/// The longest run of whole messages with ascending cursors from a place in a file on.
struct TailScan: Hashable, Sendable {
    /// Where the run ends.
    var end: UInt64

    /// The cursor of its last message; where the scan began if it has none.
    var cursor: Cursor?

    /// How many messages it has.
    var count = 0

    /// Reads until the end or the first line that does not belong.
    ///
    /// - Parameters:
    ///   - cursor: The cursors must be above this one.
    ///   - highest: Stop in front of the first cursor above this one.
    ///   - reader: Starts at a line's start.
    /// - Throws: What the reading throws.
    init(after cursor: Cursor?, upTo highest: Cursor? = nil, reader: LineReader) throws {
        var reader = reader
        self.end = reader.offset
        self.cursor = cursor
        while try accept(&reader, upTo: highest) {}
    }

    private mutating func accept(_ reader: inout LineReader, upTo highest: Cursor?) throws -> Bool {
        var found: Cursor?
        let last = cursor
        let isAccepted = try reader.next { line in
            guard let next = Cursor(messageLine: line) else { return false }
            if let last, next <= last { return false }
            if let highest, next > highest { return false }
            found = next
            return true
        }
        guard isAccepted else { return false }
        cursor = found
        count += 1
        end = reader.offset
        return true
    }
}
