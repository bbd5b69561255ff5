package import Sluice

/// Merges the processors' runs into the order of the slot, by the dense sequence numbers alone: no timers, no markers.
///
/// Each processor gets `window` events of demand, and then exactly as many more as were released of its own. So what
/// waits here is at most `window` events for each processor, however slow one of them is.
///
/// It cannot come to a standstill. Let n be the next number to release, and P the processor that has it or will get it.
/// Everything that P has delivered before n was released, because of
///
/// - (a) one producer hands out ascending batches, and each processor is first in, first out: so what P delivered
///   before n is below n. Hence P's whole window is open, and P may deliver n, provided that
/// - (b) demand follows release and nothing else: the asks for what was released leave when the next stage has taken it
///   or has room for it, and that room never depends on an event with a number above n;
/// - (c) the bytes of the budget are reserved in the order of the numbers, and only by the source: so n has its bytes
///   already, and what holds the others will be released after n;
/// - (d) every number comes this way: a filtered row, a row that cannot be decoded and a Commit are events like any
///   other. A number that took another way would be waited for without end.
///
/// The simulation breaks each premise once, and finds the standstill.
package struct ReorderBuffer<Event: Sequenced>: ManualProducerConsumer {
    private let window: Int
    private var runs: [Run<Event>] = []
    private var next: UInt64

    /// Makes an empty buffer.
    ///
    /// - Parameters:
    ///   - window: Outstanding demand for each processor; at least twice the largest batch that one emits.
    ///   - first: The first number that will come.
    package init(window: Int, first: UInt64 = 0) {
        self.window = window
        next = first
    }

    package mutating func subscribed(_ subscription: ManualSubscription) async throws {
        runs.append(Run(subscription: subscription))
        subscription.ask(window)
    }

    package mutating func handleEvents(
        _ events: [Event],
        from subscription: ManualSubscription
    ) async throws -> [Event] {
        guard let index = runs.firstIndex(where: { $0.subscription.id == subscription.id }) else { return [] }
        try runs[index].append(events, above: next)
        let released = release(startingWith: index)
        if !released.isEmpty { try Failpoint.released.pass() }
        return released
    }

    private mutating func release(startingWith first: Int) -> [Event] {
        var released: [Event] = []
        var current: Int? = runs[first].head == next ? first : nil
        while let index = current {
            let stretch = runs[index].takeStretch(from: next)
            next += UInt64(stretch.count)
            runs[index].subscription.ask(stretch.count)
            // The usual case is one whole message: it passes without a copy.
            if released.isEmpty { released = stretch } else { released += stretch }
            current = runs.firstIndex { $0.head == next }
        }
        return released
    }
}

/// What one processor has delivered and the buffer has not released.
private struct Run<Event: Sequenced>: Sendable {
    let subscription: ManualSubscription
    private var events: [Event] = []
    /// Where the events begin that are not yet released.
    private var start = 0

    init(subscription: ManualSubscription) {
        self.subscription = subscription
    }

    var head: UInt64? { start < events.count ? events[start].sequence : nil }

    mutating func append(_ more: [Event], above next: UInt64) throws {
        let last = events.last?.sequence
        guard let first = more.first?.sequence, first >= next, last.map({ $0 < first }) ?? true else {
            throw ReplicationError(
                .protocolViolation,
                "Event \(more.first?.sequence ?? 0) came again or out of order; \(next) was expected. Please report this."
            )
        }
        if start == events.count {
            events = more
            start = 0
        } else {
            events += more
        }
    }

    /// Takes the events numbered `next`, `next + 1`, and so on.
    mutating func takeStretch(from next: UInt64) -> [Event] {
        var end = start
        var expected = next
        while end < events.count, events[end].sequence == expected {
            end += 1
            expected += 1
        }
        defer {
            start = end
            if start == events.count {
                events = []
                start = 0
            } else if start >= 1024 {
                // The released part is given back now and then, not with every release.
                events.removeFirst(start)
                start = 0
            }
        }
        return start == 0 && end == events.count ? events : Array(events[start..<end])
    }
}
