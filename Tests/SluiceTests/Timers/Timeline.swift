import SluiceTesting

@testable import Sluice

/// Waits until the clock stands at a time.
func wait(until time: Duration, on clock: TestClock) async throws {
    try await clock.sleep(for: time - clock.now.offset)
}

/// Emits events at set times of a test clock, and then ends; no events say when.
struct Timetable: Producer {
    let clock: TestClock
    var entries: [(time: Duration, events: [Int])]

    mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
        guard let next = entries.first else { return nil }
        try await wait(until: next.time, on: clock)
        entries.removeFirst()
        return next.events.isEmpty ? nil : next.events
    }
}

/// What a consumer got, and when.
struct Arrival<Event: Sendable & Equatable>: Equatable, Sendable, CustomStringConvertible {
    let time: Duration
    let event: Event

    init(_ time: Duration, _ event: Event) {
        (self.time, self.event) = (time, event)
    }

    var description: String { "\(event) at \(time)" }
}

/// Notes when events come, and takes its time for each call.
struct Observer<Event: Sendable & Equatable>: Consumer {
    let clock: TestClock
    var time = Duration.zero
    let log: Log<Arrival<Event>>

    mutating func handleEvents(_ events: [Event]) async throws {
        let now = clock.now.offset
        log.append(events.map { Arrival(now, $0) })
        if time > .zero { try await clock.sleep(for: time) }
    }
}

/// Runs a stage between a timetable and an observer, under each schedule.
///
/// - Parameters:
///   - entries: What its source emits, and when.
///   - pace: How long the observer takes for each call.
///   - maxDemand: Of the observer.
///   - make: Makes the stage.
///   - check: Is given what has come, and when.
func observe<S: TimedProducerConsumer>(
    _ entries: [(time: Duration, events: [Int])],
    pace: Duration = .zero,
    maxDemand: Int = 1000,
    _ make: @escaping @Sendable () -> S,
    _ check: @escaping @Sendable ([Arrival<S.Output>]) -> Void
) throws where S.Input == Int, S.Output: Equatable {
    try underEachSchedule { clock in
        let log = Log<Arrival<S.Output>>()
        try await withStages(clock: clock) { stages in
            let source = stages.start { Timetable(clock: clock, entries: entries) }
            let stage = stages.start { make() }
            let sink = stages.start { Observer(clock: clock, time: pace, log: log) }
            try await stage.subscribe(to: source)
            try await sink.subscribe(to: stage, maxDemand: maxDemand)
        }
        check(log.all)
    }
}
