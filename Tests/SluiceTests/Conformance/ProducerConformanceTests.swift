import Sluice
import SluiceTesting
import Testing

/// The check of producers finds each broken rule, and nothing else.
@Suite struct ProducerConformanceTests {
    /// Emits one number each second, however many are wanted.
    struct Ticker: Producer {
        let clock: TestClock
        var next = 0

        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            guard next < 30 else { return nil }
            try await clock.sleep(for: .seconds(1))
            defer { next += 1 }
            return [next]
        }
    }

    @Test func endlessAndFinite() throws {
        try checkProducer { _, _ in Counter() }
        try checkProducer { _, _ in Counter(end: 37) }
        try checkProducer { _, _ in Counter(end: 0) }
        try checkProducer { _, clock in Ticker(clock: clock) }
    }

    @Test func fusedTransforms() throws {
        try checkProducer { _, _ in Counter(end: 60).filter { $0 % 7 == 0 }.map { "\($0)" } }
        try checkProducer(surplus: 200) { _, _ in Counter(end: 60).flatMap { Array(repeating: $0, count: $0 % 3) } }
        #expect(throws: StageViolation.self) {
            try checkProducer { _, _ in Counter(end: 60).flatMap { [$0, $0] } }
        }
    }

    @Test func sequences() throws {
        try checkProducer { _, _ in SequenceSource(0..<50) }
        try checkProducer { _, _ in
            AsyncSequenceSource(
                AsyncStream { continuation in
                    for number in 0..<50 { continuation.yield(number) }
                    continuation.finish()
                }
            )
        }
    }

    @Test func aProducerThatOthersWakeIsFedByItsMake() throws {
        try checkProducer { context, _ in
            let probe = ProducerProbe<Int>()
            let stage = probe.stage(context)
            probe.send(Array(0..<40))
            probe.finish()
            return stage
        }
    }

    enum Wrong: CaseIterable {
        case returnsTooMuch, wakesItself, ignoresInterruptions, throwsAnotherError, skips
        case goesOnAfterItsEnd, knowsOtherInstances, ordersByDemand, stalls, fails, cancelsItself

        var rule: String {
            switch self {
            case .returnsTooMuch: "P1"
            case .wakesItself: "P2"
            case .ignoresInterruptions: "P3"
            case .throwsAnotherError: "P4"
            case .skips: "P5"
            case .goesOnAfterItsEnd: "P6"
            case .knowsOtherInstances: "P7"
            case .ordersByDemand: "P8"
            case .stalls, .fails, .cancelsItself: "P9"
            }
        }
    }

    @Test(arguments: Wrong.allCases) func aBrokenRuleIsFoundAndItsSeedReplays(wrong: Wrong) throws {
        let violation = try #require(throws: StageViolation.self) { try check(wrong, seeds: 0..<50) }
        #expect(violation.rule == wrong.rule, "\(violation)")
        let again = #expect(throws: StageViolation.self) {
            try check(wrong, seeds: violation.seed..<violation.seed + 1)
        }
        #expect(again?.description == violation.description)
    }

    private func check(_ wrong: Wrong, seeds: Range<UInt64>) throws {
        let shared = Log<Int>()
        try checkProducer(seeds: seeds) { context, clock in
            if wrong == .knowsOtherInstances { shared.append([0]) }
            return WrongProducer(wrong: wrong, context: context, clock: clock, next: shared.all.count)
        }
    }

    /// Emits fifty numbers with a pause now and then, and does one thing wrong.
    struct WrongProducer: Producer {
        let wrong: Wrong
        let context: StageContext
        let clock: TestClock
        var next: Int
        var hasEnded = false

        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            if hasEnded, wrong == .goesOnAfterItsEnd { return [next] }
            guard next < 50 else {
                hasEnded = true
                return nil
            }
            do {
                if next % 5 == 0 { try await clock.sleep(for: .seconds(1)) }
            } catch {
                switch wrong {
                case .ignoresInterruptions: await Gate().wait()
                case .throwsAnotherError: throw Broken()
                case .skips: return [next + 1]
                default: throw error
                }
            }
            if next >= 7 {
                switch wrong {
                case .wakesItself:
                    context.wake()
                    return []
                case .stalls: return []
                case .fails: throw Broken()
                case .cancelsItself: throw CancellationError()
                default: break
                }
            }
            let events = Array(next..<min(50, next + demand))
            next += events.count
            switch wrong {
            case .returnsTooMuch: return events + [next]
            case .ordersByDemand: return events.reversed()
            default: return events
            }
        }
    }
}
