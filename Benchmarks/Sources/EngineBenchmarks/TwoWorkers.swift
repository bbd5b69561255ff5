import AsyncAlgorithms
import Sluice

/// One producer, two mappers that share its events, one consumer of both.
struct TwoWorkers: Shape {
    let name = "2 workers joined"
    let events = 4_000_000

    var expectedSum: Int { events * (events - 1) }

    func runSluice() async throws -> Arrival {
        let arrival = Mailbox()
        try await withStages { stages in
            let numbers = stages.start { Numbers(end: events) }
            let sum = stages.start { Sum(arrival) }
            for _ in 1...2 {
                let worker = stages.start { Doubler() }
                try await worker.subscribe(to: numbers)
                try await sum.subscribe(to: worker)
            }
        }
        return arrival.last
    }

    func runChannels(batch: Int) async throws -> Int {
        let numbers = AsyncChannel<[Int]>()
        let results = AsyncChannel<[Int]>()
        async let sending: Void = Channels.sendNumbers(end: events, batch: batch, to: numbers)
        async let sum = Channels.sum(results)
        await withTaskGroup(of: Void.self) { group in
            for _ in 1...2 {
                group.addTask { await Channels.double(numbers, to: results) }
            }
        }
        results.finish()
        await sending
        return await sum
    }
}
