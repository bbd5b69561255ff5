import SluicePostgres

/// One connection that writes small transactions to keys of its own, and keeps the books on them.
struct DemoWriter {
    private static let changesPerTransaction = 20

    private let number: Int
    private let writers: Int

    /// How many changes each of its keys has had, and whether the row exists.
    private(set) var keys: [Key] = []

    struct Key {
        var changes: UInt32 = 0
        var exists = false
    }

    init(number: Int, of writers: Int) {
        self.number = number
        self.writers = writers
    }

    /// The id of one of its keys.
    func id(_ index: Int) -> Int { index * writers + number }

    /// Writes; blocks.
    ///
    /// - Parameters:
    ///   - total: How many changes.
    ///   - target: Where to.
    /// - Throws: What the server answered.
    mutating func write(_ total: Int, to target: ConnectionTarget) throws {
        let connection = try Connection(target)
        var random = SystemRandomNumberGenerator()
        keys.reserveCapacity(total / 2)
        var written = 0
        while written < total {
            let count = min(Self.changesPerTransaction, total - written)
            try connection.query(transaction(of: count, using: &random))
            written += count
        }
    }

    /// A transaction of so many changes: half of them new rows, the rest updates, deletes and returns of old rows.
    private mutating func transaction(of count: Int, using random: inout SystemRandomNumberGenerator) -> String {
        var inserted: [Int] = []
        var updated: [Int] = []
        var deleted: [Int] = []
        var touched: Set<Int> = []
        for _ in 0..<count {
            let old = keys.isEmpty ? nil : Int.random(in: keys.indices, using: &random)
            guard let old, Bool.random(using: &random), touched.insert(old).inserted else {
                keys.append(Key())
                touched.insert(keys.count - 1)
                inserted.append(keys.count - 1)
                continue
            }
            if !keys[old].exists {
                inserted.append(old)
            } else if Int.random(in: 0..<5, using: &random) == 0 {
                deleted.append(old)
            } else {
                updated.append(old)
            }
        }
        return "begin;" + insert(inserted) + update(updated) + delete(deleted) + "commit"
    }

    private mutating func insert(_ indices: [Int]) -> String {
        if indices.isEmpty { return "" }
        let rows = indices.map { index in
            keys[index].changes += 1
            keys[index].exists = true
            return "(\(id(index)), \(keys[index].changes), 'account \(id(index))')"
        }
        return "insert into \(DemoTable.name) values \(rows.joined(separator: ","));"
    }

    private mutating func update(_ indices: [Int]) -> String {
        if indices.isEmpty { return "" }
        for index in indices { keys[index].changes += 1 }
        return "update \(DemoTable.name) set version = version + 1 where id in (\(list(indices)));"
    }

    private mutating func delete(_ indices: [Int]) -> String {
        if indices.isEmpty { return "" }
        for index in indices {
            keys[index].changes += 1
            keys[index].exists = false
        }
        return "delete from \(DemoTable.name) where id in (\(list(indices)));"
    }

    private func list(_ indices: [Int]) -> String {
        indices.map { "\(id($0))" }.joined(separator: ",")
    }
}
