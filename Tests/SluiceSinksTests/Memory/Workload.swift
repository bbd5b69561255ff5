@testable import SluicePostgres

/// What a server sends: transactions over one table with a primary key, in pgoutput.
struct Workload {
    let changes: [RawChange]

    /// What the largest change may cost.
    var largest: Int { changes.map { Int($0.cost) }.max() ?? 0 }

    /// - Parameters:
    ///   - rows: How many inserts, updates, updates that change a key, and truncates.
    ///   - giant: How many bytes every 17th row has; the others have up to 300.
    init(rows: Int, giant: Int, using random: inout some RandomNumberGenerator) throws {
        var framer = StreamFramer()
        func send(_ payload: [UInt8]) throws {
            let frame = [UInt8(ascii: "w")] + Self.big(UInt64(0)) + Self.big(UInt64(0)) + Self.big(UInt64(0)) + payload
            _ = try frame.withUnsafeBytes { bytes throws(ReplicationError) in try framer.receive(bytes) }
        }
        var position = UInt64(100)
        var row = 0
        while row < rows {
            let count = min(Int.random(in: 1...12, using: &random), rows - row)
            try send([UInt8(ascii: "B")] + Self.big(position) + Self.big(UInt64(5)) + Self.big(UInt32(7)))
            if row == 0 { try send(Self.relation) }
            for _ in 0..<count {
                row += 1
                let key = String(Int.random(in: 0..<40, using: &random))
                let size = row % 17 == 0 ? giant : Int.random(in: 0...300, using: &random)
                let text = String(repeating: row % 5 == 0 ? "\u{1}" : "x", count: size)
                switch Int.random(in: 0..<10, using: &random) {
                case 0 where row % 3 == 0:
                    try send([UInt8(ascii: "T")] + Self.big(UInt32(1)) + [0] + Self.big(Self.oid))
                case 1:
                    try send(Self.head("U") + Self.tuple("K", [String(row % 5), nil]) + Self.tuple("N", [key, text]))
                case 2: try send(Self.head("D") + Self.tuple("K", [key, nil]))
                case 3...5: try send(Self.head("U") + Self.tuple("N", [key, text]))
                default: try send(Self.head("I") + Self.tuple("N", [key, text]))
                }
            }
            position += 10
            try send([UInt8(ascii: "C"), 0] + Self.big(position - 10) + Self.big(position - 2) + Self.big(UInt64(5)))
        }
        changes = framer.take()
    }

    private static let oid = UInt32(16_384)

    private static let relation: [UInt8] =
        [UInt8(ascii: "R")] + big(oid) + Array("public\0items\0d".utf8) + big(UInt16(2))
        + [1] + Array("id\0".utf8) + big(UInt32(25)) + big(UInt32.max)
        + [0] + Array("pad\0".utf8) + big(UInt32(25)) + big(UInt32.max)

    private static func head(_ kind: Character) -> [UInt8] { [kind.asciiValue ?? 0] + big(oid) }

    private static func tuple(_ kind: Character, _ values: [String?]) -> [UInt8] {
        [kind.asciiValue ?? 0] + big(UInt16(values.count))
            + values.flatMap { value -> [UInt8] in
                guard let value else { return [UInt8(ascii: "n")] }
                return [UInt8(ascii: "t")] + big(UInt32(value.utf8.count)) + Array(value.utf8)
            }
    }

    private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
