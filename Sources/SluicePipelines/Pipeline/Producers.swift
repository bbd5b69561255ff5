public import Sluice

/// A pipeline's source: one or several equal producers.
public struct Producers<Source: Producer>: Sendable {
    @usableFromInline let concurrency: Int
    @usableFromInline let restart: RestartPolicy
    @usableFromInline let limit: RateLimit?
    @usableFromInline let make: @Sendable (Int) async throws -> Source

    /// Makes the options.
    ///
    /// - Parameters:
    ///   - concurrency: How many producers there are, at least 1; more of them fetch side by side, and hold more messages.
    ///   - limit: Shared by the producers, which are asked for no more than it allows; may be changed at any time. What is
    ///     pushed does not count. Nil: none.
    ///   - restart: How many of their failures are forgiven; twice as many as there are producers, in as many seconds, if
    ///     nil. The processors notice nothing; what a failed producer had in hand is lost, and not acknowledged.
    ///   - make: Makes the producer with a number from 0 on, in its own task; called again after a failure.
    @inlinable
    public init(
        concurrency: Int = 1,
        limit: RateLimit? = nil,
        restart: RestartPolicy? = nil,
        _ make: @escaping @Sendable (Int) async throws -> Source
    ) {
        precondition(concurrency > 0, "A pipeline has at least one producer, not \(concurrency)")
        self.concurrency = concurrency
        self.limit = limit
        self.restart = restart ?? .upTo(2 * concurrency, within: .seconds(concurrency))
        self.make = make
    }
}
