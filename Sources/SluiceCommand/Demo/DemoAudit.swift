import Glibc
import SluicePostgres

/// Compares what is in the sink with what the writers committed and with what is in the database.
struct DemoAudit {
    private(set) var delivered = 0
    private(set) var duplicated = 0
    private(set) var outOfOrder = 0
    private(set) var lost = 0

    /// The last version seen of each key, and whether the row exists then.
    private var seen: [Int: (version: Int, exists: Bool)] = [:]

    /// Takes in the sink's file, line by line.
    mutating func read(file path: String) throws {
        guard let file = fopen(path, "r") else {
            throw ReplicationError(
                .server,
                "The sink's file \(path) cannot be read: \(String(cString: strerror(errno)))."
            )
        }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while true {
            let length = getline(&line, &capacity, file)
            guard length > 0, let line else { return }
            take(UnsafeRawBufferPointer(start: line, count: length))
        }
    }

    /// A line that is not a message of the demo's table counts as nothing, and so as a lost change.
    private mutating func take(_ line: UnsafeRawBufferPointer) {
        var scanner = DemoScanner(line)
        guard scanner.skip(#"{"record":{"id":"#), let id = scanner.number(),
            scanner.skip(#","version":"#), let version = scanner.number(),
            scanner.skip(through: #""action":""#)
        else { return }
        let isDelete = scanner.skip("delete")
        delivered += 1
        let change = isDelete ? version + 1 : version
        let last = seen[id]?.version ?? 0
        if change <= last { duplicated += 1 }
        if change > last + 1 { outOfOrder += 1 }
        seen[id] = (max(last, change), !isDelete)
    }

    /// Compares with the books of a writer.
    mutating func compare(with writer: DemoWriter) {
        for (index, key) in writer.keys.enumerated() {
            compare(id: writer.id(index), changes: Int(key.changes))
        }
    }

    /// Compares with the giant transaction.
    mutating func compareGiant(rows: Int) {
        for row in stride(from: 1, through: rows, by: 1) { compare(id: DemoTable.giantBase + row, changes: 1) }
    }

    private mutating func compare(id: Int, changes: Int) {
        lost += max(0, changes - (seen[id]?.version ?? 0))
    }

    /// Compares the last state of each key with the database's rows.
    mutating func compare(with connection: Connection) throws {
        var last = Int.min
        while true {
            let rows = try connection.query(
                "select id, version from \(DemoTable.name) where id > \(last) order by id limit 50000"
            )
            for row in rows {
                guard row.count == 2, let id = row[0].flatMap({ Int($0) }), let version = row[1].flatMap({ Int($0) })
                else { continue }
                last = id
                if let state = seen.removeValue(forKey: id), state.exists, state.version == version { continue }
                lost += 1
            }
            if rows.isEmpty { break }
        }
        // What is left must have been deleted.
        lost += seen.values.count { $0.exists }
    }
}

/// Reads the beginning of a message of the demo's table.
private struct DemoScanner {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count, let start = bytes.baseAddress,
            memcmp(start + position, text.utf8Start, count) == 0
        else { return false }
        position += count
        return true
    }

    mutating func skip(through text: StaticString) -> Bool {
        let last = bytes.count - text.utf8CodeUnitCount
        while position <= last {
            if bytes[position] == text.utf8Start.pointee, skip(text) { return true }
            position += 1
        }
        return false
    }

    mutating func number() -> Int? {
        var value: Int?
        while position < bytes.count, case let digit = bytes[position], (48...57).contains(digit) {
            value = (value ?? 0) &* 10 &+ Int(digit - 48)
            position += 1
        }
        return value
    }
}
