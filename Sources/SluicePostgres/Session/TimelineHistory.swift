/// Where the server's present timeline left the earlier ones.
package struct TimelineHistory: Hashable, Sendable {
    private var ends: [UInt32: LSN] = [:]

    /// Asks a server; blocks.
    ///
    /// - Parameters:
    ///   - target: The server.
    ///   - timeline: Its present timeline.
    /// - Throws: What the server answered, for example that it has no such history.
    package init(of target: ConnectionTarget, timeline: UInt32) throws(ReplicationError) {
        let connection = try Connection(target, forReplication: true)
        let row = try connection.query("TIMELINE_HISTORY \(timeline)").first ?? []
        self.init(text: row.count == 2 ? row[1] ?? "" : "")
    }

    /// Reads the file's text: a line for each earlier timeline, with its number, its end and a reason.
    package init(text: String) {
        for line in text.split(separator: "\n") {
            let fields = line.split { $0 == "\t" || $0 == " " }
            guard fields.count >= 2, let number = UInt32(fields[0]), let end = LSN(fields[1]) else { continue }
            ends[number] = end
        }
    }

    /// Up to where a timeline is part of the present one's past; `nil` if it is not, or is the present one.
    package func end(of timeline: Int) -> LSN? {
        UInt32(exactly: timeline).flatMap { ends[$0] }
    }
}
