import Sluice
import SluiceSinks

/// Does something to messages, ten in a request, and again to those with which the service itself had trouble.
struct BatchesOfTen: Sendable {
    /// How often a message is tried.
    static let attempts = 4

    let clock: any Clock<Duration>

    /// Goes through messages in order.
    ///
    /// - Parameters:
    ///   - entries: The messages.
    ///   - call: Sends a request with at most ten of them, and says what became of each.
    /// - Returns: Why some were not done, one reason for each.
    /// - Throws: What `call` throws, except that the queue is unavailable; `CancellationError`.
    func run<Entry>(_ entries: [Entry], _ call: ([Entry]) async throws -> [SendResult]) async throws -> [String] {
        var backoff = Backoff(base: .milliseconds(100), maximum: .seconds(5))
            .jittered(by: 0.5, using: SystemRandomNumberGenerator())
        var left = entries
        var reasons: [String] = []
        var attempt = 1
        while true {
            var again: [(entry: Entry, reason: String)] = []
            for start in stride(from: 0, to: left.count, by: 10) {
                let some = Array(left[start..<min(start + 10, left.count)])
                do {
                    for (entry, result) in zip(some, try await call(some)) {
                        switch result {
                        case .durable: break
                        case .failed(let reason, _): again.append((entry, reason))
                        case .refused(let reason): reasons.append(reason)
                        }
                    }
                } catch let error as SinkError where error.code == .unavailable {
                    again += some.map { ($0, error.message) }
                }
            }
            if again.isEmpty { return reasons }
            if attempt == Self.attempts { return reasons + again.map(\.reason) }
            try await clock.sleep(for: backoff.delay(after: attempt))
            left = again.map(\.entry)
            attempt += 1
        }
    }
}
