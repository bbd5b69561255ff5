extension Cursor {
    /// The `metadata.idempotency_key` of the message here: base64 of `commitLSN:index`, with `:sub` if that is not 0.
    ///
    /// The same whenever the same change is delivered.
    public var idempotencyKey: String {
        var text = "\(commitLSN.rawValue):\(index)"
        if sub != 0 { text += ":\(sub)" }
        var writer = ByteWriter(capacity: 96)
        text.withUTF8 { writer.appendBase64(UnsafeRawBufferPointer($0)) }
        return String(decoding: writer.bytes(in: 0..<writer.count), as: UTF8.self)
    }
}
