internal import Synchronization

/// Pages of tables for tasks: the blocking calls run on a thread and a connection of their own, off the read path.
///
/// A connection that was lost is made anew with the next call.
package final class PageSource: Sendable {
    private let target: ConnectionTarget
    private let thread = BlockingThread()
    private let reader = Mutex<PageReader?>(nil)

    /// Makes a source; it connects at the first call.
    package init(_ target: ConnectionTarget) {
        self.target = target
    }

    /// The tables of a publication that a user wants.
    ///
    /// - Parameters:
    ///   - names: `table` or `schema.table`, also of a partitioned table whose partitions are published; `nil`: all.
    ///   - publication: The publication's name.
    ///   - filter: Only these of them.
    /// - Returns: The tables, by schema and name.
    /// - Throws: What the server answered; `missing` if a name is of no published table.
    package func tables(
        named names: [String]?,
        of publication: String,
        filter: TableFilter
    ) async throws -> [CopyTable] {
        try await thread.run { [target] in
            let connection = try Connection(target)
            let published = try CopyCatalog.tables(on: connection, publication: publication)
            let accepted = published.filter { filter.accepts($0.table) }
            guard let names else { return accepted.map(\.table) }
            var wanted: Set<CopyTable> = []
            for name in names {
                let oid = try CopyCatalog.oid(of: name, on: connection)
                let found = accepted.filter { table, roots in
                    TableFilter([name]).accepts(table) || oid.map { roots.contains($0) } == true
                }
                guard !found.isEmpty else {
                    throw ReplicationError(
                        .missing,
                        "Publication \"\(publication)\" has no table \"\(name)\" that is streamed, so it cannot be copied. "
                            + "Add it to the publication, or check its name and --tables."
                    )
                }
                wanted.formUnion(found.map(\.table))
            }
            return accepted.map(\.table).filter { wanted.contains($0) }
        }
    }

    /// The names of the key that a table is copied by, and the last row's, see ``PageReader/key(of:)``.
    package func key(of table: CopyTable) async throws -> (names: [String], last: RowKey?) {
        try await run { try $0.key(of: table) }
    }

    /// Reads a page, see ``PageReader/read(_:of:after:through:limit:bytes:)``.
    ///
    /// - Returns: The page, how long it took, and how it finds its place.
    package func page(
        _ number: Int64,
        of table: CopyTable,
        after key: RowKey?,
        through end: RowKey?,
        limit: Int,
        bytes: Int
    ) async throws -> (Page, Duration, PageReader.Placing) {
        try await run { reader in
            let start = Instant.now
            let page = try reader.read(number, of: table, after: key, through: end, limit: limit, bytes: bytes)
            return (page, start.duration(to: .now), reader.placing)
        }
    }

    /// Writes a watermark.
    ///
    /// - Returns: A position behind its message.
    package func write(_ watermark: Watermark) async throws -> LSN {
        try await run { try $0.write(watermark) }
    }

    /// A position that "now" means, see ``Connection/untilNow()``.
    package func now() async throws -> LSN {
        try await thread.run { [target] in try Connection(target).untilNow() }
    }

    /// Lets the thread end after what it was given.
    package func close() {
        thread.close()
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (PageReader) throws -> Result
    ) async throws -> Result {
        try await thread.run { [self] in
            try reader.withLock { reader in
                let current = try reader ?? PageReader(target)
                reader = current
                defer { if !current.isOpen { reader = nil } }
                return try body(current)
            }
        }
    }
}

extension TableFilter {
    /// Whether rows of a table become messages.
    func accepts(_ table: CopyTable) -> Bool {
        accepts(schema: table.schema, name: table.name)
    }
}
