/// By what a source knows a message again.
public enum Receipt: Hashable, Sendable {
    /// Nothing: the source does not ask.
    case none
    /// An offset or a delivery tag.
    case number(UInt64)
    /// An identifier of two parts.
    case pair(UInt64, UInt64)
    /// A handle or a subject.
    case text(String)
}
