package import SluiceSinks

extension SendResult {
    /// The result in one word, and what it asks for.
    package var summary: String {
        switch self {
        case .durable: "durable"
        case .failed(_, nil): "failed"
        case .failed(_, let after?): "failed after \(after.components.seconds)"
        case .refused: "refused"
        }
    }

    /// Why it is not durable.
    package var reason: String {
        switch self {
        case .durable: ""
        case .failed(let reason, _), .refused(let reason): reason
        }
    }
}
