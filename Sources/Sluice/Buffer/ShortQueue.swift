import DequeModule

/// A queue that is nearly always empty or of one element, which then costs no allocation.
struct ShortQueue<Element: Sendable>: Sendable {
    private(set) var first: Element?
    /// Empty while there is no first element.
    private var rest: Deque<Element>?

    init() {}

    init(_ element: consuming Element?) {
        first = element
    }

    var isEmpty: Bool { first == nil }
    var count: Int { first == nil ? 0 : 1 + (rest?.count ?? 0) }

    mutating func append(_ element: consuming Element) {
        guard first != nil else {
            first = consume element
            return
        }
        if rest == nil { rest = [element] } else { rest?.append(element) }
    }

    mutating func append(_ other: consuming ShortQueue) {
        if isEmpty {
            self = other
        } else {
            while let element = other.popFirst() { append(element) }
        }
    }

    mutating func prepend(_ element: consuming Element) {
        if let first {
            if rest == nil { rest = [first] } else { rest?.prepend(first) }
        }
        first = element
    }

    mutating func popFirst() -> Element? {
        guard rest != nil else { return first.take() }
        guard let element = first.take() else { return nil }
        first = rest?.popFirst()
        return element
    }

    /// Takes everything.
    mutating func take() -> ShortQueue {
        let all = consume self
        self = ShortQueue()
        return all
    }
}

extension ShortQueue: Sequence {
    struct Iterator: IteratorProtocol {
        var queue: ShortQueue
        mutating func next() -> Element? { queue.popFirst() }
    }

    func makeIterator() -> Iterator { Iterator(queue: self) }
}
