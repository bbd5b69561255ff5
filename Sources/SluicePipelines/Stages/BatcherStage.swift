public import Sluice

/// Makes batches of messages.
@usableFromInline
struct BatcherStage<Output: Sendable>: TimedProducerConsumer {
    @usableFromInline
    typealias Batches = [MessageBatch<Output>]

    @usableFromInline let add: ([Message<Output>], Duration) -> Batches
    @usableFromInline let expire: (Duration) -> Batches
    @usableFromInline let flush: () -> Batches
    @usableFromInline let next: () -> Duration?

    /// Makes the stage of a book, which lives in the closures: see ``ProcessorStage``.
    @inlinable
    init(_ book: BatchBook<Output>) {
        var book = book
        add = { book.add($0, at: $1) }
        expire = { book.expire(at: $0) }
        flush = { book.flush() }
        next = { book.deadline }
    }

    @inlinable var deadline: Duration? { next() }

    @inlinable
    func handleEvents(_ events: [Message<Output>], at time: Duration) -> Batches {
        add(events, time)
    }

    @inlinable
    func handleDeadline(at time: Duration, demand: Int) -> Batches {
        expire(time)
    }

    @inlinable
    func handleEnd() -> Batches {
        flush()
    }
}
