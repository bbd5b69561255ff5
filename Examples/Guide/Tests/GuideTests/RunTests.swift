import Sluice
import Synchronization
import Testing

@testable import Guide

/// The graphs of the articles come to their ends.
@Suite struct RunTests {
    @Test func gettingStarted() async throws {
        try await printDoubledNumbers()
        #expect(try await sumOfNumbers() == (0..<100).reduce(0, +))
        try await pushNumbers()
    }

    @Test func demandAndHooks() async throws {
        try await printInSmallSteps()
        try await printWithHooks()
    }

    @Test func dispatchers() async throws {
        try await printByFour()
        try await printAndWatch()
        let orders = PushSource<Order>(capacity: 10)
        try await orders.send(Order(customer: "Ada", amount: 1))
        orders.finish()
        try await keepLedgers(of: orders, partitions: 2)
    }

    @Test func manualDemand() async throws {
        let (requests, page) = AsyncStream<Int>.makeStream()
        page.yield(20)
        page.finish()
        try await showPages(requests)
        try await withStages { stages in
            let numbers = stages.start { Counter() }
            let sampled = stages.start { Sampler() }
            let taken = stages.start { InTens() }
            try await sampled.subscribe(to: numbers)
            try await taken.subscribe(to: sampled)
        }
    }

    @Test func whereStagesRun() async throws {
        let sum = Mutex(0)
        try await addOnOneThread { events in sum.withLock { $0 += events } }
        let first = 99 * 50
        #expect(sum.withLock { $0 } == first)
        try await addWithLightHead { events in sum.withLock { $0 += events } }
        let both = 99 * 50 + 98 * 25
        #expect(sum.withLock { $0 } == both)
    }

    @Test func supervision() async throws {
        struct Refused: Error {}
        let stored = Mutex<[Int]>([])
        try await insertNumbers(store: { events in stored.withLock { $0 += events } }, keepForLater: { _, _ in })
        #expect(stored.withLock { $0 } == Array(0..<100))
        try await insertAndShow { _ in throw Refused() }
    }
}
