import Foundation

@testable import SluicePostgres

/// Encodes hand-made messages and takes the results apart.
struct Encoding {
    var relations = RelationTable()
    var encoder: ChangeEncoder
    var headers = [
        TransactionHeader(commitLSN: LSN(rawValue: 24_023_128), commitTime: 820_551_845_678_901, xid: 7)
    ]

    static let source = MessageSource(database: "shop", systemIdentifier: "73", host: "db \"1\"", slot: "s")

    init(_ relations: Relation..., tables: TableFilter = .all, keepsRows: Bool = false, batchLimit: Int = 1 << 30) {
        for relation in relations { self.relations.update(relation) }
        encoder = ChangeEncoder(source: Self.source, tables: tables, keepsRows: keepsRows, batchLimit: batchLimit)
    }

    /// Raw changes of one batch.
    ///
    /// - Parameter schemaChanges: Tables that are not what they were, with the number of the message that finds it out.
    func raw(
        _ messages: [[UInt8]],
        transaction: Int32 = 0,
        schemaChanges: [(message: Int, change: SchemaChange)] = []
    ) -> [RawChange] {
        let batch = FrameBatch(
            bytes: messages.flatMap(\.self),
            relations: relations,
            transactions: headers,
            schemaChanges: schemaChanges.map { place in
                place.change.placed(at: Int32(messages[..<place.message].reduce(0) { $0 + $1.count }))
            }
        )
        var offset = 0
        return messages.enumerated().map { index, message in
            defer { offset += message.count }
            return RawChange(
                sequence: UInt64(100 + index),
                index: UInt64(index),
                batch: batch,
                transaction: transaction,
                offset: Int32(offset),
                length: Int32(message.count),
                cost: 1
            )
        }
    }

    mutating func encode(_ messages: [WireBytes]) -> [Change] {
        encoder.encode(raw(messages.map(\.bytes)))
    }

    /// The text of one message's JSON lines.
    mutating func lines(_ message: WireBytes) -> [String] {
        encode([message])[0].lines
    }

    /// The only line of one message.
    mutating func line(_ message: WireBytes) -> String {
        lines(message)[0]
    }
}

extension Change {
    /// The bytes of the event's messages.
    var messageBytes: [UInt8] {
        Array(batch.bytes[Int(offset)..<(Int(offset) + Int(length))])
    }

    /// The event's messages without their newlines.
    var lines: [String] {
        messageBytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A JSON line as Foundation reads it.
func object(_ line: String) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
    guard let object = value as? [String: Any] else { throw CocoaError(.coderReadCorrupt) }
    return object
}

/// Whether bytes are lines of which each is valid UTF-8 and one JSON object.
func areMessages(_ bytes: [UInt8], count: Int) -> Bool {
    guard String(validating: bytes, as: UTF8.self) != nil, bytes.last == UInt8(ascii: "\n") else { return count == 0 }
    let lines = bytes.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return lines.count == count
        && lines.allSatisfy { (try? JSONSerialization.jsonObject(with: Data($0))) is [String: Any] }
}

/// A relation in the schema `public`.
func makeRelation(
    oid: UInt32 = 1,
    schema: String = "public",
    name: String = "users",
    identity: Character = "d",
    _ columns: [(name: String, type: UInt32, isIdentity: Bool)]
) -> Relation {
    Relation(
        oid: oid,
        schema: schema,
        name: name,
        replicaIdentity: identity.asciiValue!,
        columns: columns.map { Column(name: $0.name, typeOID: $0.type, typeModifier: -1, isIdentity: $0.isIdentity) }
    )
}

let users = makeRelation([("id", 23, true), ("name", 25, false)])
