import SluiceTesting
import Testing

@testable import SluicePostgres

/// A schema change is told at the same row in every run, wherever sessions break and processes die.
@Suite("Schema changes, told again")
struct SchemaReplayTests {
    /// A slot's whole life: what the server has for each transaction, and what it tells of a table at each row.
    private struct History {
        struct Row {
            var tables: [UInt32]
            /// The column that each table has at this row.
            var columns: [String]
        }

        var transactions: [[Row]] = []

        init(_ random: inout SeededGenerator) {
            var columns: [UInt32: String] = [:]
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                var rows: [Row] = []
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    for oid in 1...3 as ClosedRange<UInt32> where Int.random(in: 0..<4, using: &random) == 0 {
                        columns[oid] = ["a", "b", "c"].randomElement(using: &random)
                    }
                    let isTruncate = Int.random(in: 0..<5, using: &random) == 0
                    let tables = isTruncate ? [1, 2, 3] : [UInt32.random(in: 1...3, using: &random)]
                    rows.append(Row(tables: tables, columns: tables.map { columns[$0] ?? "a" }))
                }
                transactions.append(rows)
            }
        }

        static func commitLSN(_ number: Int) -> UInt64 { UInt64(100 * (number + 1)) }

        /// The frames of a session that begins with a transaction; a table is described when it is new to the session or
        /// is not what it was, and sometimes for nothing.
        func frames(from first: Int, _ random: inout SeededGenerator) -> [[UInt8]] {
            var told: [UInt32: String] = [:]
            var frames: [[UInt8]] = []
            for number in first..<transactions.count {
                frames.append(Frames.begin(Self.commitLSN(number)))
                for row in transactions[number] {
                    for (table, column) in zip(row.tables, row.columns)
                    where told[table] != column || Int.random(in: 0..<3, using: &random) == 0 {
                        told[table] = column
                        frames.append(Frames.relation("t\(table)", oid: table, column: column))
                    }
                    frames.append(
                        row.tables.count > 1 ? Frames.truncate(row.tables) : Frames.insert(oid: row.tables[0])
                    )
                }
                frames.append(Frames.commit(Self.commitLSN(number), end: Self.commitLSN(number) + 10))
            }
            return frames
        }
    }

    /// What a process got: its rows, and the tables that they found changed.
    private struct Told: Equatable {
        var cursor: Cursor
        var changes: [String]
    }

    private func told(_ changes: [RawChange]) -> [Told] {
        changes.filter { $0.index != Cursor.commitIndex }.map { change in
            let here = change.batch.schemaChanges.filter { $0.offset == change.offset }
            return Told(
                cursor: change.cursor,
                changes: here.map { "\($0.after.oid): \($0.before.columns[0].name) to \($0.after.columns[0].name)" }
            )
        }
    }

    /// Runs a framer to the end; its sessions break at random places, and go on where the server was told to by then.
    private func run(
        _ history: History,
        _ framer: inout StreamFramer,
        from first: Int,
        breaks: Int,
        _ random: inout SeededGenerator
    ) throws -> ([RawChange], [RelationVersion]) {
        var first = first
        var changes: [RawChange] = []
        var versions: [RelationVersion] = []
        for session in 0...breaks {
            let frames = history.frames(from: first, &random)
            let count = session < breaks ? Int.random(in: 0...frames.count, using: &random) : frames.count
            for frame in frames.prefix(count) {
                _ = try frame.withUnsafeBytes { try framer.receive($0) }
                guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
                versions += framer.takeVersions()
                changes += framer.take()
            }
            guard session < breaks else { continue }
            framer.sessionRestarted()
            // Positions end in 10 where a transaction does; only what was read can have become durable.
            let durable = Int(framer.received.rawValue / 100)
            first = Int.random(in: first...max(first, durable), using: &random)
        }
        versions += framer.takeVersions()
        return (changes + framer.take(), versions)
    }

    @Test("wherever sessions break and a process dies, the rows behind find the same changes", arguments: 0..<300)
    func replays(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) &* 6007)
        let history = History(&random)
        var whole = StreamFramer()
        let (all, versions) = try run(history, &whole, from: 0, breaks: 0, &random)
        let expected = told(all)
        // The changes that a reader of the whole history would find.
        #expect(expected.map(\.changes) == plain(history))

        for _ in 0..<6 {
            // What the state file remembers, what the sink has, and from where the server sends.
            let saved = Int.random(in: 0..<expected.count, using: &random)
            let stored = Int.random(in: saved..<expected.count, using: &random)
            let (remembered, bound) = (expected[saved].cursor, expected[stored].cursor)
            let transaction = Int(remembered.commitLSN.rawValue / 100 - 1)
            let first = Int.random(in: 0...transaction, using: &random)
            var newest: [UInt32: RelationVersion] = [:]
            for version in versions where version.since <= remembered { newest[version.relation.oid] = version }
            let read = newest.values.map { version in
                RelationVersion(copy(version.relation), since: version.since)
            }
            var framer = StreamFramer(discardThrough: bound, known: KnownRelations(read))
            let (again, _) = try run(
                history,
                &framer,
                from: first,
                breaks: Int.random(in: 0...3, using: &random),
                &random
            )
            #expect(told(again) == Array(expected[(stored + 1)...]), "saved \(saved), stored \(stored), from \(first)")
        }
    }

    /// The changes of each row by the definition: what its tables were at their last row.
    private func plain(_ history: History) -> [[String]] {
        var last: [UInt32: String] = [:]
        return history.transactions.flatMap(\.self).map { row in
            zip(row.tables, row.columns).compactMap { table, column in
                defer { last[table] = column }
                guard let before = last[table], before != column else { return nil }
                return "\(table): \(before) to \(column)"
            }
        }
    }

    /// As it is read from the state file.
    private func copy(_ relation: Relation) -> Relation {
        (try? relation.encoded.withUnsafeBytes { try Relation(decoding: $0) }) ?? relation
    }

    @Test("a description is stored as the server sends it", arguments: [0, 1, 1600])
    func descriptions(columns: Int) throws {
        let relation = Relation(
            oid: .max,
            schema: "a \"b\"",
            name: String(repeating: "é", count: 31),
            replicaIdentity: UInt8(ascii: "f"),
            columns: (0..<columns).map {
                Column(name: "c\($0) ⌘", typeOID: .max, typeModifier: $0 % 2 == 0 ? -1 : .max, isIdentity: $0 % 3 == 0)
            }
        )
        let read = try relation.encoded.withUnsafeBytes { try Relation(decoding: $0) }
        #expect(read.isSame(as: relation) && read.oid == relation.oid)
    }
}
