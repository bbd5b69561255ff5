extension Relation {
    /// Reads a whole message of a session that has named no types.
    package convenience init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        try self.init(decoding: bytes, types: [:])
    }

    /// Reads a whole Relation message, its type byte first.
    ///
    /// Names that are not UTF-8 are repaired.
    ///
    /// - Parameters:
    ///   - bytes: The message.
    ///   - types: The types that the session has named so far.
    /// - Throws: What is wrong with the message.
    package convenience init(
        decoding bytes: UnsafeRawBufferPointer,
        types: [UInt32: TypeName]
    ) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: "Relation")
        try reader.expect(.relation)
        let oid = try reader.read(UInt32.self, "oid")
        let schema = try reader.readString("schema")
        let name = try reader.readString("name")
        let identity = try reader.read(UInt8.self, "replica identity")
        guard "dnfi".utf8.contains(identity) else {
            throw reader.failure(.unknownValue, "replica identity", "is unknown")
        }
        let count = try reader.readCount(Int16.self, "number of columns")
        var columns: [Column] = []
        columns.reserveCapacity(count)
        for _ in 0..<count {
            let flags = try reader.read(UInt8.self, "column's flags")
            columns.append(
                Column(
                    name: try reader.readString("column's name"),
                    typeOID: try reader.read(UInt32.self, "column's type"),
                    typeModifier: try reader.read(Int32.self, "column's type modifier"),
                    isIdentity: flags & 1 != 0
                )
            )
        }
        try reader.finish()
        self.init(
            oid: oid,
            schema: schema.isEmpty ? "pg_catalog" : schema,
            name: name,
            replicaIdentity: identity,
            columns: columns,
            typeNames: types.isEmpty ? types : types.filter { type in columns.contains { $0.typeOID == type.key } }
        )
    }
}
