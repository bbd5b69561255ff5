import AsyncAlgorithms
import Sluice

/// One producer, one consumer.
struct ProducerToConsumer: Shape {
    let name = "producer to consumer"
    let events = 10_000_000

    var expectedSum: Int { events * (events - 1) / 2 }

    func runSluice() async throws -> Arrival {
        let arrival = Mailbox()
        try await withStages { stages in
            let numbers = stages.start { Numbers(end: events) }
            let sum = stages.start { Sum(arrival) }
            try await sum.subscribe(to: numbers)
        }
        return arrival.last
    }

    func runChannels(batch: Int) async throws -> Int {
        let channel = AsyncChannel<[Int]>()
        async let sending: Void = Channels.sendNumbers(end: events, batch: batch, to: channel)
        async let sum = Channels.sum(channel)
        await sending
        return await sum
    }
}
