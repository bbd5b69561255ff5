/// An acknowledgement was given options that its source does not have.
public struct AcknowledgementError: Error, Sendable, CustomStringConvertible {
    /// What happened.
    public let description: String

    /// Says that a source has no such options.
    public init(unknown options: any Sendable) {
        description = "The message's source has no options of the type \(type(of: options)) for an acknowledgement"
    }
}
