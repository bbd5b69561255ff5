import SluiceSinks

/// The results in letters: durable, failed, refused.
func letters(_ results: [SendResult]) -> String {
    results.map { result in
        switch result {
        case .durable: "d"
        case .failed: "f"
        case .refused: "r"
        }
    }.joined()
}
