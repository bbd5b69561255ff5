/// What a message tells, as in its `action`.
public enum MessageAction: String, Hashable, Sendable {
    /// A new row.
    case insert
    /// A row that changed.
    case update
    /// A row that is gone.
    case delete
    /// A table that was emptied.
    case truncate
    /// A row as the initial copy found it.
    case read
    /// A table that is no longer what it was.
    case schema
    /// A row that could not be read.
    case undecodable
}
