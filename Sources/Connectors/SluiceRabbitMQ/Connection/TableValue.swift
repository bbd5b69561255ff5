/// A value in a table of AMQP: an argument of a queue, a binding or a consumer.
public enum TableValue: Hashable, Sendable {
    /// A text.
    case text(String)
    /// A whole number.
    case number(Int64)
    /// A truth value.
    case flag(Bool)
    /// A table of its own.
    case table([String: TableValue])
}

extension TableValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// Makes a text.
    public init(stringLiteral value: String) { self = .text(value) }

    /// Makes a number.
    public init(integerLiteral value: Int64) { self = .number(value) }

    /// Makes a truth value.
    public init(booleanLiteral value: Bool) { self = .flag(value) }
}
