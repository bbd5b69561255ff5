import Sluice
import SluicePostgres

/// Tells the messages of changes apart and what they wait for.
struct ChangeLabeler {
    private var table: Relation?
    private var tableHash: UInt64 = 0

    mutating func label(_ change: Change) -> KeyedChange {
        var keyed = KeyedChange(change: change)
        change.forEachOutgoing { message, label in
            look(at: label?.table)
            let part = KeyedChange.Part(message: message, order: order(label, change), table: tableHash)
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
}
