@testable import Sluice

/// What the stages of a test saw, in order.
final class Log<Value: Sendable>: Sendable {
    private let values = Lock<[Value]>([])
    func append(_ more: [Value]) { values.withLock { $0 += more } }
    var all: [Value] { values.withLock { $0 } }
}
