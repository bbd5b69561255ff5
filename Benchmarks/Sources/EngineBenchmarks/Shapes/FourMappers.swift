import AsyncAlgorithms
import Sluice

extension Shape {
    /// One producer, four mappers in a row, one consumer.
    static func fourMappers<Event: Payload>(
        _ name: String,
        of type: Event.Type,
        floor: Double? = nil,
        reference: Reference? = nil
    ) -> Shape {
        Shape(name: name, expectedSum: { 16 &* sumOfNumbers($0) }, reference: reference, floor: floor) { events in
            let arrival = Mailbox()
            try await withStages { stages in
                let numbers = stages.start { Numbers<Event>(end: events) }
                let first = stages.start { Doubler<Event>() }
                let second = stages.start { Doubler<Event>() }
                let third = stages.start { Doubler<Event>() }
                let fourth = stages.start { Doubler<Event>() }
                let sum = stages.start { Sum<Event>(arrival) }
                try await first.subscribe(to: numbers)
                try await second.subscribe(to: first)
                try await third.subscribe(to: second)
                try await fourth.subscribe(to: third)
                try await sum.subscribe(to: fourth)
            }
            return arrival.last
        } peers: {
            Peer("AsyncChannel") { load in
                let channels = (0...4).map { _ in Channels<Event>.Channel() }
                return await withTaskGroup(of: Void.self) { group in
                    group.addTask { await Channels.sendNumbers(load, to: [channels[0]]) }
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
            Peer("call") { load in
                let sum = SummingCallee<Event>()
                let third = DoublingCallee(before: DoublingCallee(before: sum))
                await Calls.callNumbers(load, DoublingCallee(before: DoublingCallee(before: third)))
                return await sum.sum
            }
            Peer("cast") { load in
                let streams = (0...4).map { _ in Casts<Event>.Stream.makeStream() }
                return await withTaskGroup(of: Void.self) { group in
                    group.addTask { await Casts.pushNumbers(load, to: [streams[0].continuation]) }
                    for (input, output) in zip(streams, streams.dropFirst()) {
                        group.addTask {
                            await Casts.double(input.stream, to: output.continuation)
                            output.continuation.finish()
                        }
                    }
                    async let sum = Casts.sum(streams[4].stream)
                    await group.waitForAll()
                    return await sum
                }
            }
            Peer("OpenCombine") { load in
                await Combined<Event>.sum(max(1, 1000 / load.batch)) {
                    (1...4).reduce(Combined.numbers(load)) { batches, _ in Combined.doubled(batches) }
                }
            }
        }
    }
}
