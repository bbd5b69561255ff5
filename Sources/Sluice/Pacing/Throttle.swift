import DequeModule

/// A stage that passes its events on unchanged, in order, and never more than so many within any interval of time.
///
/// What the rate permits leaves at once, as far as the consumers want it. Meanwhile no more events are asked for: the
/// stage keeps at most one chunk, and its producers feel the rate as demand that does not come.
///
/// ```swift
/// let calls = stages.start { Throttle<Call>(100, per: .seconds(1)) }
/// try await calls.perform { $0.setRate(10, per: .seconds(1)) }
/// ```
///
/// At the end of its input, and in a drain, the stage passes on what it keeps at its rate, and then ends.
public struct Throttle<Element: Sendable>: TimedProducerConsumer {
    /// How many events may pass within an interval.
    public private(set) var count: Int

    /// The interval.
    public private(set) var interval: Duration

    private var kept: Deque<Element> = []
    /// When events have passed within the interval, and how many each time.
    private var passages: Deque<(time: Duration, count: Int)> = []
    private var passed = 0

    /// Makes the stage.
    ///
    /// - Parameters:
    ///   - count: How many events may pass within an interval, at least 1.
    ///   - interval: Above 0, on the graph's clock.
    public init(_ count: Int, per interval: Duration) {
        (self.count, self.interval) = (0, .zero)
        setRate(count, per: interval)
    }

    /// Changes the rate; it holds from now on, also for the events that wait.
    ///
    /// Events that have passed count for the new rate too, unless that was more than an old interval ago.
    ///
    /// - Parameters:
    ///   - count: How many events may pass within an interval, at least 1.
    ///   - interval: Above 0, on the graph's clock.
    public mutating func setRate(_ count: Int, per interval: Duration) {
        precondition(count > 0, "A rate lets at least one event pass, not \(count); pause the stage to let none pass")
        precondition(interval > .zero, "The interval of a rate is above 0, not \(interval)")
        self.count = count
        self.interval = interval
    }

    /// Whether events wait to be passed on.
    public var isHolding: Bool { !kept.isEmpty }

    /// When the next event may pass; nil if none waits.
    public var deadline: Duration? {
        if kept.isEmpty { return nil }
        // As many of the oldest passages must be over as make room for one event.
        var excess = passed - count
        for passage in passages where excess >= 0 {
            excess -= passage.count
            if excess < 0 { return passage.time + interval }
        }
        return .zero
    }

    /// Takes the events, to pass them on as the rate permits.
    ///
    /// - Parameters:
    ///   - events: At least 1 event.
    ///   - time: The time now.
    /// - Returns: Nothing.
    public mutating func handleEvents(_ events: [Element], at time: Duration) -> [Element] {
        kept += events
        return []
    }

    /// Passes on what the rate permits.
    ///
    /// - Parameters:
    ///   - time: The time now.
    ///   - demand: At least 1.
    /// - Returns: As many events as the rate permits and the consumers want.
    public mutating func handleDeadline(at time: Duration, demand: Int) -> [Element] {
        while let oldest = passages.first, oldest.time + interval <= time {
            passed -= oldest.count
            passages.removeFirst()
        }
        let size = min(count - passed, demand, kept.count)
        guard size > 0 else { return [] }
        passages.append((time, size))
        passed += size
        defer { kept.removeFirst(size) }
        return Array(kept.prefix(size))
    }
}
