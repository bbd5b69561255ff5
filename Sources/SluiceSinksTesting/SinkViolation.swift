/// A rule that a sink broke.
public struct SinkViolation: Error, CustomStringConvertible {
    /// The rule, as `O3` or `K2`: see ``checkSink(remembersSource:make:rows:)`` and ``checkSink(make:bodies:)``.
    public let rule: String

    /// What happened.
    public let message: String

    /// All of it.
    public var description: String { "Rule \(rule): \(message)" }
}
