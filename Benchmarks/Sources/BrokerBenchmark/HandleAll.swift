public import Sluice
public import SluicePipelines
import Synchronization

/// Runs a pipeline whose handler does nothing until it has handled so many messages, and drains it.
///
/// Inlinable, so that it is compiled for a source's own types, as a program's pipeline is.
@inlinable
public func handle<Body: Sendable, Source: Producer>(
    _ count: Int,
    _ processors: Processors<Body>,
    from make: @escaping @Sendable () throws -> Source
) async throws where Source.Output == Message<Body> {
    let handled = Counter()
    let pipeline = Pipeline(
        source: Producers { _ in try make() },
        processors: processors,
        handler: Handling<Body, Body> { message in
            handled.add()
            return message
        }
    )
    try await pipeline.run { running in
        while handled.count < count { try await Task.sleep(for: .milliseconds(1)) }
        running.drain()
    }
}

/// Counts messages.
@usableFromInline
final class Counter: Sendable {
    private let total = Atomic(0)

    @usableFromInline
    init() {}

    @usableFromInline
    func add() { total.add(1, ordering: .relaxed) }

    @usableFromInline var count: Int { total.load(ordering: .relaxed) }
}
