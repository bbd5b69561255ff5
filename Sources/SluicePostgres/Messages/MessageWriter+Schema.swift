extension MessageWriter {
    /// Appends the message of a schema change.
    ///
    /// Its record describes the table as the next row has it, its changes are what was otherwise before, as those of an
    /// update are. A column that is new has `null` there; one that was dropped is there and not in the record. A column
    /// that changed its name is a dropped one and a new one, because a Relation message does not tell them apart: names
    /// that follow each other at one place may as well be another choice of columns for the publication.
    ///
    /// Types have only their numbers: the name of a type may change without the server's telling, and then a replay
    /// would write another text.
    ///
    /// - Parameters:
    ///   - change: What changed.
    ///   - sub: The message's own place in its change, negative.
    mutating func append(_ change: SchemaChange, sub: Int32) {
        let (before, after) = (change.before, change.after)
        out.append("{\"record\":{\"table_schema\":")
        out.appendString(after.schema)
        out.append(",\"table_name\":")
        out.appendString(after.name)
        out.append(",\"replica_identity\":")
        out.appendString(after.identityName)
        out.append(",\"columns\":")
        let start = out.count
        for column in after.columns { appendMember(column.name, column) }
        closeObject(from: start)
        out.append("},\"changes\":")
        appendChanges(before, after)
        out.append(",\"action\":\"schema\",\"metadata\":{")
        metadata.append(to: &out, table: after.plan.metadata, sub: sub)
        out.append("null")
        out.append(metadata.suffix)
        out.append("}}\n")
        var entry = BatchKeys.Entry(action: .schema, table: number(of: after))
        if (before.schema, before.name) != (after.schema, after.name) {
            entry.previous = Int32(keys.previous.count)
            keys.previous.append(.table(before))
        }
        keys.entries.append(entry)
    }

    private mutating func appendChanges(_ before: Relation, _ after: Relation) {
        let start = out.count
        if before.schema != after.schema {
            out.append(",\"table_schema\":")
            out.appendString(before.schema)
        }
        if before.name != after.name {
            out.append(",\"table_name\":")
            out.appendString(before.name)
        }
        if before.replicaIdentity != after.replicaIdentity {
            out.append(",\"replica_identity\":")
            out.appendString(before.identityName)
        }
        if before.columns != after.columns {
            out.append(",\"columns\":")
            appendColumnChanges(before.columns, after.columns)
        }
        closeObject(from: start)
    }

    /// Appends the old descriptions of the columns that changed.
    private mutating func appendColumnChanges(_ before: [Column], _ after: [Column]) {
        let start = out.count
        // Names are unique in a table; where a server says otherwise, the first counts.
        let old = Dictionary(before.enumerated().map { ($1.name, $0) }) { first, _ in first }
        let new = Set(after.map(\.name))
        for column in before where !new.contains(column.name) { appendMember(column.name, column) }
        // New columns are the last ones. So one that stands behind a column which it stood before was dropped and made
        // anew, even if nothing else of it is different.
        var last = -1
        for column in after {
            guard let place = old[column.name] else {
                appendMember(column.name, nil)
                continue
            }
            if before[place] != column || place < last { appendMember(column.name, before[place]) }
            last = max(last, place)
        }
        closeObject(from: start)
    }

    private mutating func appendMember(_ name: String, _ column: Column?) {
        out.append(UInt8(ascii: ","))
        out.appendString(name)
        guard let column else { return out.append(":null") }
        out.append(":{\"type_oid\":")
        out.appendDecimal(UInt64(column.typeOID))
        out.append(",\"type_modifier\":")
        out.appendDecimal(column.typeModifier)
        out.append(",\"is_identity\":")
        if column.isIdentity { out.append("true}") } else { out.append("false}") }
    }
}

extension Relation {
    /// The replica identity in words, as `ALTER TABLE` has them.
    fileprivate var identityName: String {
        switch replicaIdentity {
        case UInt8(ascii: "d"): "default"
        case UInt8(ascii: "f"): "full"
        case UInt8(ascii: "i"): "index"
        default: "nothing"
        }
    }
}
