import SluicePostgres
import SluiceSinks

/// One connection to the database that holds the sink's lock, and what is known of the tables there.
///
/// After any failure it is dropped, and the server rolls back what was not committed.
final class TargetSession {
    /// So many statements, or so many bytes, are sent before their answers are awaited.
    private static let window = (statements: 1024, bytes: 4 << 20)
    private static let answerLimit = Duration.seconds(30)
    /// Statements stay prepared at the server; a stream with very many tables begins anew at that number.
    private static let preparedLimit = 2000

    private let settings: PostgresSettings
    private let connection: Connection
    private let pipeline: StatementPipeline
    private let cursors: CursorTable
    private var mappings: [TableName: TableMapping] = [:]
    private var prepared: [String: String] = [:]
    private var purposes: [Purpose] = []
    private let report: @Sendable (String) -> Void
    /// Reasons for which changes were put aside, each of which is told once.
    private var told: Set<String> = []

    /// The position that is stored.
    private(set) var cursor: Cursor?

    /// The server's process.
    let process: Int

    /// Connects, takes the lock, and reads the position.
    ///
    /// - Parameters:
    ///   - settings: Where to.
    ///   - source: Where the changes come from.
    ///   - closing: Ends waits.
    ///   - former: The server's process of a session of this very sink that was lost: it is ended, if it still has the
    ///     lock.
    ///   - report: Told of what is put aside.
    /// - Throws: ``SluiceSinks/SinkError``, or what the server answered.
    init(
        _ settings: PostgresSettings,
        for source: SourceIdentity,
        closing: Closing,
        replacing former: Int?,
        report: @escaping @Sendable (String) -> Void
    ) throws {
        self.settings = settings
        self.report = report
        connection = try Connection(settings.target)
        connection.answerLimit = Self.answerLimit
        let process = connection.backendPID
        self.process = process
        pipeline = StatementPipeline(connection, interrupt: closing.wakeUp, patience: settings.patience) {
            Self.isWorking(process, settings.target)
        }
        cursors = CursorTable(name: settings.cursor, target: settings.target)
        cursor = try cursors.claim(connection, for: source, replacing: former)
    }

    /// Whether a process of the server works on a statement, or waits for a lock: asked on another connection.
    ///
    /// One that waits for its client has sent its answers, so the link has swallowed them.
    private static func isWorking(_ process: Int, _ target: ConnectionTarget) -> Bool {
        guard let connection = try? Connection(target) else { return false }
        connection.answerLimit = answerLimit
        let states = try? connection.query("select state from pg_stat_activity where pid = \(process)")
        return states?.first?.first == "active"
    }

    /// How often answers to statements were awaited.
    var roundTrips: Int { pipeline.roundTrips }

    /// Stores changes and the position behind them in one transaction.
    ///
    /// What is refused of them is put aside in the same transaction, if that is wanted: then the batch is stored once more,
    /// change by change.
    ///
    /// - Parameters:
    ///   - work: In order.
    ///   - start: The position that this process stored last.
    ///   - end: The new one.
    /// - Throws: ``SluiceSinks/SinkError``, ``SluicePostgres/StatementFailure``, or that the connection was lost.
    func store(_ work: [PendingChange], from start: Cursor?, to end: Cursor) throws {
        if prepared.count > Self.preparedLimit {
            try connection.query("deallocate all")
            prepared = [:]
        }
        do {
            try transact(from: start, to: end) {
                for pending in work {
                    try send(pending)
                    if pipeline.count >= Self.window.statements || pipeline.bytes >= Self.window.bytes {
                        try synchronize()
                    }
                }
            }
        } catch let refused as RefusedChange {
            guard settings.buriesRefused else { throw refused.error }
            try forget(after: "rollback")
            try transact(from: start, to: end) { for pending in work { try sendOrBury(pending) } }
        }
    }

    private func transact(from start: Cursor?, to end: Cursor, _ body: () throws -> Void) throws {
        try run("begin isolation level read committed read write", .transaction)
        try execute(cursors.advance(from: start, to: end), .position)
        try body()
        try synchronize()
        try run("commit", .transaction)
        try synchronize()
        cursor = end
    }

    /// Stores a change, or puts its messages aside.
    private func sendOrBury(_ pending: PendingChange) throws {
        try run("savepoint change", .transaction)
        do {
            try send(pending)
            try synchronize()
        } catch let refused as RefusedChange {
            // What was sent before the refused statement is not known to be there.
            try forget(after: "rollback to savepoint change")
            if told.insert(refused.reason).inserted { report("Put aside in sluice.dead_letters: \(refused.reason)") }
            try bury(pending, reason: refused.reason)
        }
        try run("release savepoint change", .transaction)
    }

    /// Goes back, and forgets what was learnt meanwhile: tables that were made may be gone, statements not be prepared.
    private func forget(after rollback: String) throws {
        purposes = []
        try connection.query("\(rollback); deallocate all")
        (prepared, mappings) = ([:], [:])
    }

    private func bury(_ pending: PendingChange, reason: String) throws {
        let change = pending.change
        try change.forEachMessage(from: max(pending.first, Int(change.schemaCount))) { cursor, message in
            try execute(cursors.bury(cursor, message, reason: reason), .row(cursor, "sluice.dead_letters"))
        }
    }

    private func send(_ pending: PendingChange) throws {
        let change = pending.change
        if case .undecodable = change.kind { return try bury(pending, reason: "The row could not be decoded.") }
        if let row = change.row {
            let mapping = try mapping(of: row.table)
            let statements: [Statement]
            do throws(SinkError) {
                statements = try RowPlan.statements(for: row, mapping, at: change.cursor)
            } catch {
                throw RefusedChange(reason: error.message, error: error)
            }
            for statement in statements {
                try execute(statement, .row(change.cursor, mapping.name.quoted))
            }
            return
        }
        try sendTruncates(pending)
    }

    /// Tables that were emptied together are emptied together: they may refer to each other.
    private func sendTruncates(_ pending: PendingChange) throws {
        let change = pending.change
        var names: [String] = []
        for number in max(pending.first, Int(change.schemaCount))..<max(pending.first, change.messageCount) {
            guard let label = change.label(ofMessage: number), label.action == .truncate, let table = label.table else {
                throw SinkError(
                    .unsupported,
                    "The change at \(change.cursor) came without its row, which \(settings.target) needs. Stream to it "
                        + "directly."
                )
            }
            names.append(try mapping(of: table).name.quoted)
        }
        guard !names.isEmpty else { return }
        try run("truncate \(names.joined(separator: ", "))", .row(change.cursor, names.joined(separator: ", ")))
    }

    /// How a table's rows are stored; makes what is missing.
    private func mapping(of table: Relation) throws -> TableMapping {
        let name = TableName(schema: settings.schema ?? table.schema, table: table.name)
        let known = mappings[name]
        if let known, known.source === table { return known }
        if let known, known.source.schema != table.schema {
            throw SinkError(
                .refused,
                "Rows of \(known.source.schema).\(table.name) and of \(table.schema).\(table.name) would come into one "
                    + "table, \(name.quoted) of \(settings.target). Leave out schema=, or name one with --tables."
            )
        }
        // The catalog is asked on the same connection.
        try synchronize()
        var existing = try TargetCatalog.look(up: name, on: connection)
        let missing = table.columns.filter { existing?.columns[$0.name] == nil }
        if existing == nil || !missing.isEmpty {
            let definition = TableDefinition(
                name: name,
                source: table,
                missing: missing,
                types: try TargetCatalog.types(of: missing, in: table, on: connection)
            )
            let hasSchema = try existing != nil || TargetCatalog.hasSchema(name.schema, on: connection)
            for statement in definition.statements(hasSchema: hasSchema, hasTable: existing != nil) {
                try run(statement, .definition(statement))
            }
            try synchronize()
            existing = try TargetCatalog.look(up: name, on: connection)
        }
        guard let existing else { throw SinkError(.missing, "\(name.quoted) of \(settings.target) is gone.") }
        let mapping = TableMapping(name: name, source: table, target: existing)
        mappings[name] = mapping
        return mapping
    }

    private func run(_ sql: String, _ purpose: Purpose) throws {
        purposes.append(purpose)
        try pipeline.run(sql)
    }

    private func execute(_ statement: Statement, _ purpose: Purpose) throws {
        let name: String
        if let known = prepared[statement.sql] {
            name = known
        } else {
            name = "s\(prepared.count)"
            prepared[statement.sql] = name
            purposes.append(purpose)
            try pipeline.prepare(name, statement.sql)
        }
        purposes.append(purpose)
        try pipeline.execute(name, statement.values)
    }

    private func synchronize() throws {
        let purposes = purposes
        self.purposes.removeAll(keepingCapacity: true)
        do {
            let touched = try pipeline.synchronize()
            // Of preparing and executing the statement the latter comes last.
            if let place = purposes.lastIndex(where: { $0.isPosition }), touched[place] != 1 {
                throw try cursors.takenOver(connection)
            }
        } catch let failure as StatementFailure where PassingFailure.reason(of: failure) == nil {
            let purpose = failure.statement < purposes.count ? purposes[failure.statement] : .transaction
            let error = SinkError(refusal: failure, purpose, target: settings.target)
            guard let reason = failure.reason(for: purpose) else { throw error }
            throw RefusedChange(reason: reason, error: error)
        }
    }
}

/// What a statement is for, so that its failure can be explained.
enum Purpose {
    case transaction
    case position
    /// A change's place, and its table.
    case row(Cursor, String)
    /// SQL that makes a schema, a table or a column.
    case definition(String)

    var isPosition: Bool {
        if case .position = self { true } else { false }
    }
}
