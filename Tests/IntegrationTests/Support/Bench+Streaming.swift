import Foundation
import SluicePostgres
import Testing

/// Transactions that the server sends while they are open.
extension Bench {
    /// Lets the server send transactions as soon as they have more than 64 KB of changes, the least that it accepts.
    func streamEarly() throws {
        try run("alter database \(database) set logical_decoding_work_mem = '64kB'")
    }

    /// How many transactions the server has sent to the slot while they were open.
    func streamedTransactions(_ slot: String? = nil) throws -> Int {
        let name = slot ?? self.slot
        let count = try value("select stream_txns from pg_stat_replication_slots where slot_name = '\(name)'")
        return count.flatMap { Int($0) } ?? 0
    }

    /// Expects that so many transactions were received while they were open; none if it is 0.
    ///
    /// The server counts a little later, and again what another session got.
    func expectStreamed(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
        guard count > 0 else {
            #expect(try streamedTransactions() == 0, sourceLocation: sourceLocation)
            return
        }
        try wait("\(count) streamed transactions") { try streamedTransactions() >= count }
    }

    /// The files of transactions that are kept until their end.
    func spooledFiles() -> [String] {
        let paths = FileManager.default.subpaths(atPath: folder.path("state")) ?? []
        return paths.filter { $0.contains(".spool/") }
    }

    func waitForSpooled(_ count: Int) throws {
        try wait("\(count) transactions in files") { spooledFiles().count == count }
    }

    /// How many lines the sink's file has.
    func lines(_ name: String = "out.ndjson") -> Int {
        FileManager.default.contents(atPath: folder.path(name))?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }

    /// Inserts rows of 100 bytes and more into `items`.
    static func insert(_ first: Int, _ count: Int) -> String {
        "insert into items select id, 1 from generate_series(\(first), \(first + count - 1)) id"
    }

    /// Loads the file and what happened, and compares.
    func expectIntact() throws {
        try loadFile()
        try loadTruth()
        try expectAllDelivered()
    }
}

extension Bench {
    /// The files beside the state file, itself included.
    func stateFiles() -> [String] {
        FileManager.default.subpaths(atPath: folder.path("state")) ?? []
    }
}
