public import SluicePostgres

/// One message on its way to a ``KeyedSink``.
public struct OutgoingMessage: Sendable {
    /// The message's place in the stream, unique and the same on every replay.
    public let cursor: Cursor

    /// What it tells.
    public let action: MessageAction

    /// The table's schema; `nil` if the table of an undecodable row is not known.
    public let schema: String?

    /// The table's name; `nil` if the table of an undecodable row is not known.
    public let table: String?

    /// What tells the row apart in its table, as UTF-8; `nil` if the table has no key or the key is not known.
    ///
    /// Of one key column its text; of several a JSON array of their texts. It is that of the row's primary key, never of
    /// its contents.
    public let key: ArraySlice<UInt8>?

    /// The message as JSON, in UTF-8, without a newline.
    public let body: ArraySlice<UInt8>

    /// Makes a message.
    public init(
        cursor: Cursor,
        action: MessageAction,
        schema: String?,
        table: String?,
        key: ArraySlice<UInt8>?,
        body: ArraySlice<UInt8>
    ) {
        self.cursor = cursor
        self.action = action
        self.schema = schema
        self.table = table
        self.key = key
        self.body = body
    }

    /// What counts against the limits of a request.
    public var byteCount: Int { body.count + (key?.count ?? 0) }
}
