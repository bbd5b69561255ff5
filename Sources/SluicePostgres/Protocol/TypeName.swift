/// The name of a type that is not built in; sent before the Relation that uses it.
package struct TypeName: Hashable, Sendable {
    /// The type's oid.
    package let oid: UInt32

    /// The type's schema.
    package let schema: String

    /// The type's name.
    package let name: String

    init(oid: UInt32, schema: String, name: String) {
        self.oid = oid
        self.schema = schema
        self.name = name
    }

    /// Reads a whole message, its type byte first.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: "Type")
        try reader.expect(.type)
        oid = try reader.read(UInt32.self, "oid")
        let namespace = try reader.readString("schema")
        schema = namespace.isEmpty ? "pg_catalog" : namespace
        name = try reader.readString("name")
        try reader.finish()
    }
}
