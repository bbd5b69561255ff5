/// A measurement that means nothing.
public struct Failure: Error {
    /// Why.
    public let description: String

    /// Says why.
    public init(_ description: String) {
        self.description = description
    }
}
