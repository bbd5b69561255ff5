import AsyncAlgorithms
import Sluice

extension Shape {
    /// One producer, mappers that share its events, one consumer of all of them.
    static func workersJoined<Event: Payload>(
        _ name: String,
        of type: Event.Type,
        count: Int,
        floor: Double? = nil,
        reference: Reference? = nil
    ) -> Shape {
        Shape(name: name, expectedSum: { 2 &* sumOfNumbers($0) }, reference: reference, floor: floor) { events in
            let arrival = Mailbox()
            try await withStages { stages in
                let numbers = stages.start { Numbers<Event>(end: events) }
                let sum = stages.start { Sum<Event>(arrival) }
                for _ in 1...count {
                    let worker = stages.start { Doubler<Event>() }
                    try await worker.subscribe(to: numbers)
                    try await sum.subscribe(to: worker)
                }
            }
            return arrival.last
        } peers: {
            Peer("AsyncChannel") { load in
                let numbers = Channels<Event>.Channel()
                let results = Channels<Event>.Channel()
                async let sending: Void = Channels.sendNumbers(load, to: [numbers])
                async let sum = Channels.sum(results)
                await withTaskGroup(of: Void.self) { group in
                    for _ in 1...count {
                        group.addTask { await Channels.double(numbers, to: results) }
                    }
                }
                results.finish()
                await sending
                return await sum
            }
            // The workers are called in turn; while one works, the others wait.
            Peer("call") { load in
                let sum = SummingCallee<Event>()
                let workers = (1...count).map { _ in DoublingCallee(before: sum) }
                var turn = 0
                await load.forEachBatch { range in
                    await workers[turn].handle(Event.events(range))
                    turn = (turn + 1) % count
                }
                return await sum.sum
            }
            Peer("cast") { load in
                let (numbers, input) = Casts<Event>.Stream.makeStream()
                let (results, output) = Casts<Event>.Stream.makeStream()
                async let pushing: Void = Casts.pushNumbers(load, to: [input])
                async let sum = Casts.sum(results)
                await withTaskGroup(of: Void.self) { group in
                    for _ in 1...count {
                        group.addTask { await Casts.double(numbers, to: output) }
                    }
                }
                output.finish()
                await pushing
                return await sum
            }
        }
    }
}
