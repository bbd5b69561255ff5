import SluicePostgres
import SluiceTesting

/// Large transactions of several connections that are open at the same time, with savepoints three deep, rollbacks, changes
/// of their tables and truncates, and small ones in between; all from a seed.
///
/// Each connection has a table of its own, which it may alter and truncate; into another one all of them insert, and
/// sometimes one tries to alter that too.
final class RandomTransactions {
    private struct Writer {
        let connection: Connection
        let number: Int
        /// The names of the open savepoints; nil: no transaction is open.
        var savepoints: [String]?
    }

    private let small: Connection
    private var random: SeededGenerator
    private var writers: [Writer] = []
    private var next = 1

    init(_ bench: Bench, seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        small = try bench.connect()
        try small.query("set lock_timeout = '10ms'")
        try bench.run("create table shared (id int primary key, pad text)")
        for number in 0..<4 {
            try bench.run("create table own_\(number) (id int primary key, pad text, n int default 0)")
            if number % 2 == 0 { try bench.run("alter table own_\(number) replica identity full") }
            let connection = try bench.connect()
            try connection.query("set lock_timeout = '10ms'")
            writers.append(Writer(connection: connection, number: number))
        }
    }

    /// Writes, and ends every transaction.
    func run(steps: Int) throws {
        for _ in 0..<steps {
            let index = Int.random(in: writers.indices, using: &random)
            // As above, if another one has altered the table.
            if chance(10) { _ = try? small.query("insert into shared values (\(take(1)), 'small')") }
            try step(&writers[index])
        }
        for index in writers.indices { try end(&writers[index]) }
    }

    private func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private func take(_ count: Int) -> Int {
        defer { next += count }
        return next
    }

    private func step(_ writer: inout Writer) throws {
        guard let savepoints = writer.savepoints else {
            try writer.connection.query("begin")
            writer.savepoints = []
            return
        }
        let table = "own_\(writer.number)"
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35:
            let count = Int.random(in: 1...400, using: &random)
            let rows = "select id, repeat('x', 100 + id % 7) from generate_series(\(take(count)), \(next - 1)) id"
            if chance(30) {
                try attempt(writer, "insert into shared (id, pad) \(rows)")
            } else {
                try writer.connection.query("insert into \(table) (id, pad) \(rows)")
            }
        case 35..<50:
            try writer.connection.query("update \(table) set n = n + 1, pad = pad || 'y' where id % 3 = 0")
        case 50..<56:
            try writer.connection.query("delete from \(table) where id % 5 = 1")
        case 56..<70:
            guard savepoints.count < 3 else { return }
            let name = "s\(take(1))"
            try writer.connection.query("savepoint \(name)")
            writer.savepoints?.append(name)
        case 70..<84:
            guard let name = savepoints.last else { return }
            if chance(60) {
                try writer.connection.query("rollback to \(name)")
                return
            }
            try writer.connection.query("release \(name)")
            writer.savepoints?.removeLast()
        case 84..<88:
            try alter(writer, table)
        case 88..<91:
            try writer.connection.query("truncate \(table)\(chance(50) ? " restart identity" : "")")
        case 91..<93:
            try alter(writer, "shared")
        default:
            try end(&writer)
        }
    }

    private func alter(_ writer: Writer, _ table: String) throws {
        try attempt(
            writer,
            "alter table \(table) add c\(take(1)) text default 'c'",
            "insert into \(table) (id) values (\(take(1)))"
        )
    }

    /// What must wait for another transaction fails, and then nothing of it is left.
    private func attempt(_ writer: Writer, _ statements: String...) throws {
        try writer.connection.query("savepoint attempt")
        do {
            for statement in statements { try writer.connection.query(statement) }
            try writer.connection.query("release attempt")
        } catch {
            try writer.connection.query("rollback to attempt; release attempt")
        }
    }

    private func end(_ writer: inout Writer) throws {
        guard writer.savepoints != nil else { return }
        try writer.connection.query(chance(25) ? "rollback" : "commit")
        writer.savepoints = nil
    }
}
