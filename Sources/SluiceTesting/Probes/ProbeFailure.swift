/// An expectation of a probe that was not met.
public struct ProbeFailure: Error, CustomStringConvertible {
    /// What was expected.
    public let expected: String

    /// What came instead.
    public let got: String

    /// The file of the expectation, as `#fileID`.
    public let fileID: String

    /// The line of the expectation.
    public let line: Int

    /// All of it.
    public var description: String { "\(fileID):\(line): expected \(expected), got \(got)" }
}
