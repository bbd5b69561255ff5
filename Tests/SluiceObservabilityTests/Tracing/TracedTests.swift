import InMemoryTracing
import Sluice
import SluiceObservability
import SluiceTesting
import Synchronization
import Testing
import Tracing

@Suite struct TracedTests {
    private struct Doubler: ProducerConsumer {
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            withSpan("inside") { _ in }
            return events.flatMap { [$0, $0] }
        }
    }

    private struct Sink: Consumer {
        let log: Log
        mutating func handleEvents(_ events: [Int]) async throws { log.append(events) }
    }

    /// Notes the end of each array.
    private struct ArraySink: Consumer {
        let log: Log
        mutating func handleEvents(_ events: [[Int]]) async throws { log.append(events.flatMap { $0 + [-1] }) }
    }

    private struct Broken: Error {}

    private struct Failing: Consumer {
        mutating func handleEvents(_ events: [Int]) async throws { throw Broken() }
    }

    /// Asks for two events at a time.
    private struct ManualSink: ManualConsumer {
        let log: Log
        mutating func subscribed(_ subscription: ManualSubscription) async throws { subscription.ask(2) }
        mutating func handleEvents(_ events: [Int], from subscription: ManualSubscription) async throws {
            log.append(events)
            subscription.ask(events.count)
        }
    }

    private struct ManualPasser: ManualProducerConsumer {
        mutating func subscribed(_ subscription: ManualSubscription) async throws { subscription.ask(2) }
        mutating func handleEvents(
            _ events: [Int],
            from subscription: ManualSubscription
        ) async throws -> [Int] {
            subscription.ask(events.count)
            return events
        }
    }

    private final class Log: Sendable {
        private let events = Mutex<[Int]>([])
        func append(_ more: [Int]) { events.withLock { $0 += more } }
        var all: [Int] { events.withLock { $0 } }
    }

    /// Runs a graph to its end, and gives out the spans that it made.
    private func spans(
        _ body: @escaping @Sendable (Stages) async throws -> Void
    ) throws -> [FinishedInMemorySpan] {
        let tracer = InMemoryTracer()
        let executor = DeterministicExecutor(seed: 1)
        try executor.run {
            try await withTracer(tracer) { try await withStages(clock: executor.clock) { try await body($0) } }
        }
        #expect(tracer.activeSpans.isEmpty)
        return tracer.finishedSpans
    }

    private func values(_ key: String, of name: String, in spans: [FinishedInMemorySpan]) -> [Int?] {
        spans.filter { $0.operationName == name }.map { span in
            guard case .int64(let value)? = span.attributes[key]?.toSpanAttribute() else { return nil }
            return Int(value)
        }
    }

    @Test func eachCallIsASpanWithItsCounts() throws {
        let log = Log()
        let spans = try spans { stages in
            let numbers = stages.start { Traced("numbers", SequenceSource(0..<4)) }
            let doubled = stages.start { Traced("doubled", Doubler()) }
            let sink = stages.start { Traced("sink", Sink(log: log)) }
            try await doubled.subscribe(to: numbers, maxDemand: 4, minDemand: 2)
            try await sink.subscribe(to: doubled)
        }
        #expect(log.all == [0, 0, 1, 1, 2, 2, 3, 3])
        let source = spans.filter { $0.operationName == "numbers" }
        #expect(values("sluice.demand", of: "numbers", in: spans).first == 4)
        #expect(values("sluice.emitted", of: "numbers", in: spans).compactMap { $0 }.reduce(0, +) == 4)
        // The last call says that there is no more, and so emits nothing that could be counted.
        #expect(source.last?.attributes["sluice.emitted"] == nil)
        #expect(values("sluice.received", of: "doubled", in: spans) == [2, 2])
        #expect(values("sluice.emitted", of: "doubled", in: spans) == [4, 4])
        #expect(values("sluice.received", of: "sink", in: spans).compactMap { $0 }.reduce(0, +) == 8)
        #expect(values("sluice.emitted", of: "sink", in: spans).allSatisfy { $0 == nil })
        #expect(source.allSatisfy { $0.attributes["sluice.call"]?.toSpanAttribute() == .string("handleDemand") })
        #expect(source.allSatisfy { $0.attributes["sluice.stage"]?.toSpanAttribute() == .string("numbers") })
    }

    @Test func whatAStageKeepsIsGivenOutAtItsEnd() throws {
        struct Flushing: Consumer {
            let log: Log
            mutating func handleEvents(_ events: [[Int]]) async throws { log.append(events.flatMap { $0 }) }
            mutating func handleEnd() async throws { log.append([-1]) }
        }
        let log = Log()
        _ = try spans { stages in
            let numbers = stages.start { SequenceSource(0..<5) }
            let windows = stages.start { Traced("windows", Window<Int>(count: 2)) }
            let sink = stages.start { Traced("sink", Flushing(log: log)) }
            try await windows.subscribe(to: numbers)
            try await sink.subscribe(to: windows)
        }
        #expect(log.all == [0, 1, 2, 3, 4, -1])
    }

    @Test func whatAHandlerTracesIsInsideOfItsSpan() throws {
        let spans = try spans { stages in
            let numbers = stages.start { SequenceSource(0..<4) }
            let doubled = stages.start { Traced("doubled", Doubler()) }
            let sink = stages.start { Sink(log: Log()) }
            try await doubled.subscribe(to: numbers)
            try await sink.subscribe(to: doubled)
        }
        #expect(spans.map(\.operationName) == ["inside", "doubled"])
        #expect(spans.first?.parentSpanID == spans.last?.spanID)
    }

    @Test func anErrorIsRecordedAndThrownOn() throws {
        let spans = try spans { stages in
            let group = stages.group(restart: .upTo(1, within: .seconds(1)), surrender: .endStages)
            let numbers = stages.start { SequenceSource(0..<4) }
            let failing = group.start { Traced("failing", Failing()) }
            try await failing.subscribe(to: numbers, maxDemand: 2)
        }
        #expect(spans.count == 2)
        for span in spans {
            #expect(span.errors.count == 1 && span.errors.first?.error is Broken)
            #expect(span.status?.code == .error)
        }
    }

    @Test func timedStagesAreTracedToo() throws {
        let log = Log()
        let probe = ProducerProbe<Int>()
        let spans = try spans { stages in
            let clock = try #require(DeterministicExecutor.current).clock
            let source = stages.start { probe.stage($0) }
            let batches = stages.start { Traced("batches", Batch<Int>(count: 3, within: .seconds(1))) }
            let throttled = stages.start { Traced("throttled", Throttle<[Int]>(1, per: .seconds(1))) }
            let sink = stages.start { ArraySink(log: log) }
            try await batches.subscribe(to: source)
            try await throttled.subscribe(to: batches)
            try await sink.subscribe(to: throttled)
            stages.go()
            probe.send([0, 1, 2, 3])
            try await clock.sleep(for: .seconds(5))
            probe.send([4])
            probe.finish()
        }
        #expect(log.all == [0, 1, 2, -1, 3, -1, 4, -1])
        let calls = spans.filter { $0.operationName == "batches" }
            .map { $0.attributes["sluice.call"]?.toSpanAttribute() }
        // The last batch is given out at the end, without a span.
        #expect(calls == [.string("handleEvents"), .string("handleDeadline"), .string("handleEvents")])
        #expect(values("sluice.received", of: "batches", in: spans) == [4, nil, 1])
        #expect(values("sluice.emitted", of: "batches", in: spans) == [1, 1, 0])
        #expect(values("sluice.demand", of: "batches", in: spans).compactMap { $0 }.count == 1)
        #expect(values("sluice.received", of: "throttled", in: spans).compactMap { $0 }.reduce(0, +) == 3)
    }

    @Test func manualStagesAreToldOfTheirEnd() throws {
        struct Closing: ManualConsumer {
            let log: Log
            mutating func subscribed(_ subscription: ManualSubscription) async throws { subscription.ask(2) }
            mutating func handleEvents(_ events: [Int], from subscription: ManualSubscription) async throws {
                log.append(events)
                subscription.ask(events.count)
            }
            mutating func handleEnd() async throws { log.append([-1]) }
        }
        struct Adding: ManualProducerConsumer {
            mutating func subscribed(_ subscription: ManualSubscription) async throws { subscription.ask(2) }
            mutating func handleEvents(
                _ events: [Int],
                from subscription: ManualSubscription
            ) async throws -> [Int] {
                subscription.ask(events.count)
                return []
            }
            mutating func handleEnd() async throws -> [Int] { [7] }
        }
        let log = Log()
        _ = try spans { stages in
            let adding = stages.start { Traced("adding", Adding()) }
            let closing = stages.start { Traced("closing", Closing(log: log)) }
            try await adding.subscribe(to: stages.start { SequenceSource(0..<5) })
            try await closing.subscribe(to: adding)
        }
        #expect(log.all == [7, -1])
    }

    @Test func manualStagesAreTracedToo() throws {
        let log = Log()
        let spans = try spans { stages in
            let numbers = stages.start { SequenceSource(0..<6) }
            let passer = stages.start { Traced("passer", ManualPasser()) }
            let sink = stages.start { Traced("sink", ManualSink(log: log)) }
            try await passer.subscribe(to: numbers)
            try await sink.subscribe(to: passer)
        }
        #expect(log.all == Array(0..<6))
        for stage in ["passer", "sink"] {
            #expect(values("sluice.received", of: stage, in: spans).compactMap { $0 }.reduce(0, +) == 6)
        }
        #expect(values("sluice.emitted", of: "passer", in: spans).compactMap { $0 }.reduce(0, +) == 6)
    }

    @Test func aPerformReachesTheStageThatIsWrapped() throws {
        let performed = Log()
        _ = try spans { stages in
            let probe = ProducerProbe<Int>()
            let source = stages.start { probe.stage($0) }
            let sink = stages.start { Traced("sink", Sink(log: performed)) }
            try await sink.subscribe(to: source)
            stages.go()
            try await sink.perform { $0.base.log.append([7]) }
            probe.finish()
        }
        #expect(performed.all == [7])
    }
}
