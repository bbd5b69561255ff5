import Sluice

/// Makes batches of messages.
struct BatcherStage<Output: Sendable>: TimedProducerConsumer {
    private var book: BatchBook<Output>

    init(_ book: BatchBook<Output>) {
        self.book = book
    }

    var deadline: Duration? { book.deadline }

    mutating func handleEvents(_ events: [Message<Output>], at time: Duration) -> [MessageBatch<Output>] {
        book.add(events, at: time)
    }

    mutating func handleDeadline(at time: Duration, demand: Int) -> [MessageBatch<Output>] {
        book.expire(at: time)
    }

    mutating func handleEnd() -> [MessageBatch<Output>] {
        book.flush()
    }
}
