import DequeModule

/// What the events of a buffer weigh, each by itself; not kept for a buffer whose limit counts events.
struct BufferWeights: Sendable {
    private var weights: Deque<Int> = []
    private(set) var total = 0

    mutating func append(_ more: [Int]) {
        weights += more
        total += more.reduce(0, +)
    }

    mutating func removeFirst(_ count: Int) {
        total -= weights.prefix(count).reduce(0, +)
        weights.removeFirst(count)
    }

    mutating func removeLast(_ count: Int) {
        total -= weights.suffix(count).reduce(0, +)
        weights.removeLast(count)
    }

    /// How many events from one end are too many for a limit.
    func excess(over limit: Int, oldest: Bool) -> Int {
        var (rest, count) = (total, 0)
        while rest > limit, count < weights.count {
            rest -= oldest ? weights[count] : weights[weights.count - 1 - count]
            count += 1
        }
        return count
    }
}
