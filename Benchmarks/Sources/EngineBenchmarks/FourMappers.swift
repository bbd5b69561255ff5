import AsyncAlgorithms
import Sluice

/// One producer, four mappers in a row, one consumer.
struct FourMappers: Shape {
    let name = "4 mappers in a row"
    let events = 4_000_000

    var expectedSum: Int { 16 * events * (events - 1) / 2 }

    func runSluice() async throws -> Arrival {
        let arrival = Mailbox()
        try await withStages { stages in
            let numbers = stages.start { Numbers(end: events) }
            let first = stages.start { Doubler() }
            let second = stages.start { Doubler() }
            let third = stages.start { Doubler() }
            let fourth = stages.start { Doubler() }
            let sum = stages.start { Sum(arrival) }
            try await first.subscribe(to: numbers)
            try await second.subscribe(to: first)
            try await third.subscribe(to: second)
            try await fourth.subscribe(to: third)
            try await sum.subscribe(to: fourth)
        }
        return arrival.last
    }

    func runChannels(batch: Int) async throws -> Int {
        let channels = (0...4).map { _ in AsyncChannel<[Int]>() }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await Channels.sendNumbers(end: events, batch: batch, to: channels[0]) }
            for (input, output) in zip(channels, channels.dropFirst()) {
                group.addTask {
                    await Channels.double(input, to: output)
                    output.finish()
                }
            }
            async let sum = Channels.sum(channels[4])
            await group.waitForAll()
            return await sum
        }
    }
}
