internal import Synchronization

/// Looks up primary keys on an ordinary connection of its own, off the read path.
package final class KeyCatalog: Sendable {
    private static let answerLimit = Duration.seconds(10)

    private let target: ConnectionTarget
    private let thread = BlockingThread()
    private let connection = Mutex<Connection?>(nil)

    /// Makes a catalog; it connects at the first question.
    package init(_ target: ConnectionTarget) {
        self.target = target
    }

    /// Lets the thread end after the questions that were asked; the connection ends with the catalog.
    package func close() {
        thread.close()
    }

    /// The columns of a table's primary key.
    ///
    /// It asks by oid only, so that it never waits for a lock on the table. A lost connection is opened again once.
    ///
    /// - Parameter oid: The table's oid, as in a Relation message.
    /// - Returns: Column names in the key's order; `nil` if there is no key or no such table any more.
    /// - Throws: What the server answered, or that it cannot be reached.
    package func primaryKey(of oid: UInt32) async throws -> [String]? {
        try await thread.run { [self] in try lookUp(oid) }
    }

    private func lookUp(_ oid: UInt32) throws -> [String]? {
        let sql = """
            select a.attname
            from pg_index i
            cross join lateral unnest(i.indkey::int2[]) with ordinality k(number, place)
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
            where i.indrelid = \(oid) and i.indisprimary and k.place <= i.indnkeyatts
            order by k.place
            """
        // Version 10 has no included columns.
        let plain = sql.replacing(" and k.place <= i.indnkeyatts", with: "")
        return try connection.withLock { connection in
            var isSecondAttempt = false
            while true {
                let current = try connection ?? Connection(target)
                current.answerLimit = Self.answerLimit
                connection = current
                do {
                    let rows = try current.query(current.serverVersion >= 110_000 ? sql : plain)
                    let names = rows.compactMap { $0.first ?? nil }
                    return names.isEmpty ? nil : names
                } catch  where !isSecondAttempt && !current.isOpen {
                    connection = nil
                    isSecondAttempt = true
                }
            }
        }
    }
}
