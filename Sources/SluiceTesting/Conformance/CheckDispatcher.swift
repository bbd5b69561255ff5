public import Sluice

/// Puts a dispatcher through random subscriptions, asks, leavings and emissions, and checks that it keeps the laws.
///
/// 1. A refused subscription changes nothing.
/// 2. The capacity is never negative, and 0 while no subscription has unmet demand.
/// 3. A subscription that does not exist, or has ended, gets nothing.
/// 4. A message has at least one event, and no more than its subscription has asked for.
/// 5. A subscription gets events in the order in which they were emitted, and none twice.
/// 6. Every event that left the queue was delivered, or discarded, or is counted in `held`.
/// 7. What is discarded was delivered to nobody else, unless it was discarded for one subscription that lags or has
///    left.
/// 8. Events are left in the queue only if the capacity is 0, and in their order, none added.
/// 9. When nobody can subscribe any more and every subscription has unmet demand, nothing is left or held.
///
/// - Parameters:
///   - seeds: Each is one random walk; a walk is the same each time.
///   - steps: How long a walk is.
///   - make: Makes a fresh dispatcher.
///   - options: What the next consumer says when it subscribes.
///   - event: The event with a number; numbers go up from 0.
///   - number: The number of such an event.
/// - Throws: The first violation, with its rule and seed.
public func checkDispatcher<D: Dispatcher>(
    seeds: Range<UInt64> = 0..<200,
    steps: Int = 200,
    make: () -> D,
    options: (inout SeededGenerator) -> D.Options,
    event: (Int) -> D.Event,
    number: @escaping (D.Event) -> Int
) throws(DispatcherViolation) {
    for seed in seeds {
        var walk = DispatcherWalk(dispatcher: make(), seed: seed, number: number)
        var next = 0
        for _ in 0..<steps {
            switch Int.random(in: 0..<16, using: &walk.generator) {
            case 0, 1:
                let options = options(&walk.generator)
                try walk.subscribe(options)
            case 2:
                try walk.leave()
            case 3..<9:
                try walk.ask()
            default:
                let count = Int.random(in: 1...8, using: &walk.generator)
                try walk.emit((next..<next + count).map(event))
                next += count
            }
        }
        try walk.end()
    }
}

/// A law that a dispatcher broke.
public struct DispatcherViolation: Error, CustomStringConvertible {
    /// The number of the law; see ``checkDispatcher(seeds:steps:make:options:event:number:)``.
    public let rule: Int

    /// The walk that shows it.
    public let seed: UInt64

    /// What happened.
    public let message: String

    /// All of it.
    public var description: String { "Rule \(rule), seed \(seed): \(message)" }
}
