/// A rule that a source of messages broke.
public struct SourceViolation: Error, CustomStringConvertible {
    /// The rule's number: see ``checkSource(failed:interrupt:make:publish:text:)``.
    public let rule: Int

    /// What happened.
    public let message: String

    /// All of it.
    public var description: String { "Rule \(rule): \(message)" }
}
