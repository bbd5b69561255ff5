/// How far the copies of a stream's tables are; its keys are those of the JSON line.
struct BackfillFigures: Encodable, Sendable, Equatable {
    /// The table that is being copied; nil: none.
    var table: String?
    /// Tables that are copied, of all that are wanted.
    var done = 0
    var tables = 0
    /// Rows that were taken into the stream since the command's start.
    var rows = 0
}
