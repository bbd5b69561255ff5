/// An event of a kilobyte that takes work to make, and twice as much work to handle.
struct Event: Sendable {
    private static let effort = 100

    private let words: [UInt64]

    /// Makes an event, as a source does that decodes and checks what it reads.
    init(number: Int) {
        let seed = hash([UInt64](repeating: UInt64(number), count: 128), rounds: Self.effort)
        words = (0..<128).map { seed &+ $0 }
    }

    /// Does the consumer's work; the result is there so that the work is done.
    var handled: UInt64 { hash(words, rounds: 2 * Self.effort) }
}

/// FNV-1a over all words, again and again.
private func hash(_ words: [UInt64], rounds: Int) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for _ in 0..<rounds {
        for word in words { hash = (hash ^ word) &* 0x0000_0100_0000_01b3 }
    }
    return hash
}
