/// What a message waits for, and what waits for it.
///
/// Keys and tables are 64-bit hashes: two that collide wait for each other without need, and nothing else happens.
enum MessageOrder: Hashable, Sendable {
    /// After the last message of one key.
    case key(UInt64)
    /// After the last messages of two: a row whose key changes belongs to both.
    case keys(UInt64, UInt64)
    /// After everything of its table, and before everything that follows: a truncate.
    case wholeTable
}
