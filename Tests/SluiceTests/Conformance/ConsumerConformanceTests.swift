import Sluice
import SluiceTesting
import Testing

/// The checks of consumers and of stages between others find each broken rule, and nothing else.
@Suite struct ConsumerConformanceTests {
    struct Summing: Consumer {
        var sum = 0
        mutating func handleEvents(_ events: [Int]) async throws { sum += events.reduce(0, +) }
    }

    @Test func consumers() throws {
        try checkConsumer(Array(1...50)) { _ in
            Summing()
        } outcome: {
            $0.sum
        }
        try checkConsumer(Array(1...50)) { _ in
            Collector(log: Log<Int>())
        } outcome: {
            $0.log.all
        }
        try checkConsumer(Array(1...50)) { clock in
            SlowSink(clock: clock, time: .milliseconds(20), log: Log())
        } outcome: {
            $0.log.all
        }
        try checkConsumer([1]) { _ in
            Summing()
        } outcome: {
            $0.sum
        }
    }

    /// Emits the sum of each three events.
    struct Threes: ProducerConsumer {
        var waiting: [Int] = []

        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            waiting += events
            var sums: [Int] = []
            while waiting.count >= 3 {
                sums.append(waiting.prefix(3).reduce(0, +))
                waiting.removeFirst(3)
            }
            return sums
        }
    }

    @Test func stagesBetween() throws {
        try checkProducerConsumer(Array(1...50)) { _ in Multiplier(factor: 2) }
        try checkProducerConsumer(Array(1...50)) { _ in Threes() }
        try checkProducerConsumer(Array(1...50)) { _ in Map { (event: Int) in "\(event)" }.filter { $0.count == 1 } }
        try checkProducerConsumer(Array(1...50)) { _ in FlatMap { (event: Int) in [event, event] } }
    }

    enum Wrong: CaseIterable {
        case failsForMany, stalls, addsPerCall, ignoresCancellation, throwsAnotherError, knowsOtherInstances

        var rule: Int {
            switch self {
            case .failsForMany, .stalls: 1
            case .addsPerCall: 2
            case .ignoresCancellation: 3
            case .throwsAnotherError: 4
            case .knowsOtherInstances: 5
            }
        }
    }

    @Test(arguments: Wrong.allCases) func aConsumersBrokenRuleIsFound(wrong: Wrong) throws {
        try expectViolation(of: "C\(wrong.rule)") { seeds in
            let shared = Log<Int>()
            try checkConsumer(Array(1...50), seeds: seeds) { clock in
                WrongConsumer(stage: WrongStage(wrong: wrong, shared: shared, clock: clock))
            } outcome: {
                $0.events
            }
        }
    }

    @Test(arguments: Wrong.allCases) func aBrokenRuleOfAStageBetweenIsFound(wrong: Wrong) throws {
        try expectViolation(of: "T\(wrong.rule)") { seeds in
            let shared = Log<Int>()
            try checkProducerConsumer(Array(1...50), seeds: seeds) { clock in
                WrongStage(wrong: wrong, shared: shared, clock: clock)
            }
        }
    }

    @Test func whatAStageEmitsAtItsEndIsLookedAtToo() throws {
        struct CountsCallsAtTheEnd: ProducerConsumer {
            var calls = 0
            mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
                calls += 1
                return []
            }
            mutating func handleEnd() async throws -> [Int] { [calls] }
        }
        try checkProducerConsumer(Array(1...50)) { _ in Window<Int>(count: 7) }
        try expectViolation(of: "T2") { seeds in
            try checkProducerConsumer(Array(1...50), seeds: seeds) { _ in CountsCallsAtTheEnd() }
        }
    }

    @Test func whatAConsumerDoesAtItsEndIsPartOfItsOutcome() throws {
        struct CountsCallsAtTheEnd: Consumer {
            var calls = 0
            var result = 0
            mutating func handleEvents(_ events: [Int]) async throws { calls += 1 }
            mutating func handleEnd() async throws { result = calls }
        }
        try expectViolation(of: "C2") { seeds in
            try checkConsumer(Array(1...50), seeds: seeds, make: { _ in CountsCallsAtTheEnd() }, outcome: { $0.result })
        }
    }

    private func expectViolation(of rule: String, _ check: (Range<UInt64>) throws -> Void) throws {
        let violation = try #require(throws: StageViolation.self) { try check(0..<50) }
        #expect(violation.rule == rule, "\(violation)")
        let again = #expect(throws: StageViolation.self) { try check(violation.seed..<violation.seed + 1) }
        #expect(again?.description == violation.description)
    }

    struct WrongConsumer: Consumer {
        var stage: WrongStage
        var events: [Int] = []

        mutating func handleEvents(_ events: [Int]) async throws {
            self.events += try await stage.handleEvents(events)
        }
    }

    /// Passes events on, takes its time, and does one thing wrong.
    struct WrongStage: ProducerConsumer {
        let wrong: Wrong
        let shared: Log<Int>
        let clock: TestClock
        var calls = 0

        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            calls += 1
            switch wrong {
            case .failsForMany where events.count > 25: throw Broken()
            case .stalls where events.count > 25: await Gate().wait()
            case .knowsOtherInstances:
                shared.append([0])
                return events.map { $0 + shared.all.count }
            default: break
            }
            do {
                try await clock.sleep(for: .milliseconds(50))
            } catch {
                switch wrong {
                case .ignoresCancellation: await Gate().wait()
                case .throwsAnotherError: throw Broken()
                default: throw error
                }
            }
            return wrong == .addsPerCall ? events + [calls] : events
        }
    }
}
