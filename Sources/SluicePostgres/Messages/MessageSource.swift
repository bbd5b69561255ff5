/// Where messages come from: the part of their metadata that is the same in all of them.
package struct MessageSource: Hashable, Sendable {
    /// The database's name.
    package var database: String

    /// The server's system identifier, in decimal digits.
    package var systemIdentifier: String

    /// The host that the server was reached at.
    package var host: String

    /// The replication slot's name.
    package var slot: String

    /// Makes a source.
    package init(database: String, systemIdentifier: String, host: String, slot: String) {
        self.database = database
        self.systemIdentifier = systemIdentifier
        self.host = host
        self.slot = slot
    }

    /// The end of the metadata without its closing brace, from `,"transaction_annotations":null` on.
    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.append(",\"transaction_annotations\":null,\"database_name\":")
        writer.appendString(database)
        writer.append(",\"consumer\":{\"id\":")
        writer.appendString(slot)
        writer.append(",\"name\":")
        writer.appendString(slot)
        writer.append(",\"annotations\":{}},\"database\":{\"id\":")
        writer.appendString(systemIdentifier)
        writer.append(",\"name\":")
        writer.appendString(database)
        writer.append(",\"annotations\":{},\"database\":")
        writer.appendString(database)
        writer.append(",\"hostname\":")
        writer.appendString(host)
        writer.append("}")
        return writer.bytes(in: 0..<writer.count)
    }
}
