/// Makes events for ever, ten at a time in each mode.
struct Source {
    static let batch = 10

    private var next = 0

    mutating func batch(of count: Int = batch) -> [Event] {
        defer { next += count }
        return (next..<next + count).map(Event.init(number:))
    }
}
