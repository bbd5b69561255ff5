@testable import Sluice

// The machines' tests write and compare batches of numbers as array literals.

extension EventBatch: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: Int...) {
        self.init(elements)
    }
}

extension EventQueue: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Int...) {
        self.init(EventBatch(elements))
    }
}

extension EventQueue: Equatable {
    static func == (left: EventQueue, right: EventQueue) -> Bool {
        left.array(of: Int.self) == right.array(of: Int.self)
    }
}

extension EventQueue: CustomStringConvertible {
    public var description: String { "\(array(of: Int.self))" }
}

extension PerformRequest {
    /// A request that nobody waits for.
    convenience init() {
        self.init(callers: [], run: { _ in }, fail: { _ in })
    }
}
