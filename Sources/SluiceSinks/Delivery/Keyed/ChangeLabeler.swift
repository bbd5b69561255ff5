import Foundation
import Sluice
import SluicePostgres

/// Tells the messages of changes apart and what they wait for.
struct ChangeLabeler {
    private var table: Relation?
    private var tableHash: UInt64 = 0

    mutating func label(_ change: Change) -> KeyedChange {
        var keyed = KeyedChange(change: change)
        var number = 0
        var start = Int(change.offset)
        change.forEachMessage { cursor, bytes in
            let label = change.label(ofMessage: number)
            number += 1
            let body = change.batch.bytes[start..<start + bytes.count]
            start += bytes.count + 1
            look(at: label?.table)
            let part = KeyedChange.Part(
                message: OutgoingMessage(
                    cursor: cursor,
                    action: label?.action ?? .undecodable,
                    schema: label?.table?.schema,
                    table: label?.table?.name,
                    key: label?.row.map { Self.plainKey(change.batch.bytes[$0]) },
                    body: body
                ),
                order: order(label, change),
                table: tableHash
            )
            if keyed.first == nil { keyed.first = part } else { keyed.others.append(part) }
        }
        return keyed
    }

    /// By its number, which a table keeps when it is renamed.
    private mutating func look(at table: Relation?) {
        guard table !== self.table else { return }
        self.table = table
        var hash = StableHash()
        hash.feed(word: UInt64(table?.oid ?? 0))
        tableHash = hash.value
    }

    private func order(_ label: MessageLabel?, _ change: Change) -> MessageOrder {
        switch label?.action {
        case .insert, .update, .delete, .read: break
        case .truncate, .schema, .undecodable, nil: return .wholeTable
        }
        guard let row = label?.row else {
            // The rows of a table without a key are one chain: each waits for the last. One whose key alone is not known
            // may belong to any.
            return label?.table?.isKeyCovered == true ? .wholeTable : .key(tableHash)
        }
        let key = hash(change.batch.bytes[row])
        guard let previous = label?.previousRow else { return .key(key) }
        return .keys(key, hash(previous.utf8))
    }

    private func hash(_ text: some Collection<UInt8>) -> UInt64 {
        var hash = StableHash()
        hash.feed(word: tableHash)
        for byte in text { hash.feed(byte) }
        return hash.value
    }

    /// The key as sinks get it.
    ///
    /// - Parameter key: A JSON array of strings, without spaces.
    /// - Returns: Of `["7"]`, `7`; a key of several columns as it is.
    static func plainKey(_ key: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let inner = key.dropFirst(2).dropLast(2)
        guard inner.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else { return inner }
        let texts = try? JSONDecoder().decode([String].self, from: Data(key))
        guard let texts, texts.count == 1 else { return key }
        return ArraySlice(texts[0].utf8)
    }
}
