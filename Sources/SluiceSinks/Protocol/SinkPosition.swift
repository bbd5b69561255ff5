public import SluicePostgres

/// How far a sink is: everything up to and including the cursor is durable there.
public struct SinkPosition: Hashable, Sendable {
    /// The last durable message, filtered row or commit; `nil` if there was none yet.
    public var cursor: Cursor?

    /// What the sink wants to be told at its next start, in a form of its own; empty if nothing.
    public var mark: String

    /// Makes a position.
    ///
    /// - Parameters:
    ///   - cursor: The last durable message, filtered row or commit.
    ///   - mark: What the sink wants to be told at its next start.
    public init(cursor: Cursor?, mark: String = "") {
        self.cursor = cursor
        self.mark = mark
    }
}

/// What a sink found when it was opened.
public struct SinkOpening: Hashable, Sendable {
    /// What is durable.
    public var position: SinkPosition

    /// Whether later messages of the cursor's own change may be missing.
    ///
    /// Then the source has to send that change again, and the sink drops those of its messages that it has.
    public var mayEndInsideChange: Bool

    /// Sentences for the user about what was found or repaired; mostly none.
    public var notices: [String]

    /// Makes an answer.
    ///
    /// - Parameters:
    ///   - position: What is durable.
    ///   - mayEndInsideChange: Whether later messages of the cursor's own change may be missing.
    ///   - notices: Sentences for the user.
    public init(position: SinkPosition, mayEndInsideChange: Bool = false, notices: [String] = []) {
        self.position = position
        self.mayEndInsideChange = mayEndInsideChange
        self.notices = notices
    }
}
