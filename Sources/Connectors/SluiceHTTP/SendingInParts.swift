package import SluiceSinks

/// What a server said to a request with several messages.
package enum RequestOutcome: Sendable {
    /// A result for each message, in order.
    case answered([SendResult])
    /// It took none of them, because of what at least one of them is.
    case refused(reason: String)
}

/// Sends messages in one request and, as long as such a request is refused as a whole, in halves.
///
/// One message that the server refuses does not take the others with it; there are about 2 * log2(n) more requests for it.
/// The halves go one after the other.
///
/// - Parameters:
///   - messages: At least one.
///   - keyFailure: With `prefix` nothing more is sent after the first message that failed: so its failure still means
///     that of all later ones.
///   - send: Sends some of them, in order, in one request.
/// - Returns: A result for each message, in order.
/// - Throws: What `send` throws.
package func sendInParts(
    _ messages: ArraySlice<OutgoingMessage>,
    _ keyFailure: KeyFailure,
    _ send: (ArraySlice<OutgoingMessage>) async throws -> RequestOutcome
) async throws -> [SendResult] {
    switch try await send(messages) {
    case .answered(let results): return results
    case .refused(let reason) where messages.count == 1: return [.refused(reason: reason)]
    case .refused:
        let middle = messages.startIndex + messages.count / 2
        let first = try await sendInParts(messages[..<middle], keyFailure, send)
        if keyFailure == .prefix, first.contains(where: \.isFailed) {
            let rest = SendResult.failed(reason: "a message before it in the same request failed")
            return first + Array(repeating: rest, count: messages.endIndex - middle)
        }
        return first + (try await sendInParts(messages[middle...], keyFailure, send))
    }
}

extension SendResult {
    fileprivate var isFailed: Bool {
        if case .failed = self { true } else { false }
    }
}
