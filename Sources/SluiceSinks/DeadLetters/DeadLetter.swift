import Foundation

/// A message that a sink does not take, and why.
public struct DeadLetter: Sendable {
    /// The message as it was sent.
    public let message: OutgoingMessage

    /// For people, without row data or secrets.
    public let reason: String

    /// How often the sink has answered that it failed; 0 if it was refused at once.
    public let attempts: Int

    /// Makes a letter.
    public init(message: OutgoingMessage, reason: String, attempts: Int) {
        self.message = message
        self.reason = reason
        self.attempts = attempts
    }

    /// The letter as JSON.
    ///
    /// - Parameter sink: The identity of the sink that did not take the message.
    /// - Returns: One object without a newline: `{"sink":…,"reason":…,"attempts":…,"message":{…}}`.
    public func encoded(of sink: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(message.body.count + reason.utf8.count + sink.utf8.count + 64)
        bytes += Array("{\"sink\":".utf8) + Self.quoted(sink)
        bytes += Array(",\"reason\":".utf8) + Self.quoted(reason)
        bytes += Array(",\"attempts\":\(attempts),\"message\":".utf8)
        bytes += message.body
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private static func quoted(_ text: String) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // A string always has a JSON form.
        return (try? encoder.encode(text)).map { Array($0) } ?? Array("\"\"".utf8)
    }
}
