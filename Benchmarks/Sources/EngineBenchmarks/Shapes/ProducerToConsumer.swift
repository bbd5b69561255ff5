import AsyncAlgorithms
import Sluice

extension Shape {
    /// One producer, one consumer.
    static func producerToConsumer<Event: Payload>(
        _ name: String,
        of type: Event.Type,
        window: Int = 1000,
        floor: Double? = nil,
        reference: Reference? = nil
    ) -> Shape {
        Shape(name: name, expectedSum: sumOfNumbers, reference: reference, floor: floor) { events in
            let arrival = Mailbox()
            try await withStages { stages in
                let numbers = stages.start { Numbers<Event>(end: events) }
                let sum = stages.start { Sum<Event>(arrival) }
                try await sum.subscribe(to: numbers, maxDemand: window)
            }
            return arrival.last
        } peers: {
            Peer("AsyncChannel") { load in
                let channel = Channels<Event>.Channel()
                async let sending: Void = Channels.sendNumbers(load, to: [channel])
                async let sum = Channels.sum(channel)
                await sending
                return await sum
            }
            Peer("call") { load in
                let callee = SummingCallee<Event>()
                await Calls.callNumbers(load, callee)
                return await callee.sum
            }
            Peer("cast") { load in
                let (stream, input) = Casts<Event>.Stream.makeStream()
                async let pushing: Void = Casts.pushNumbers(load, to: [input])
                async let sum = Casts.sum(stream)
                await pushing
                return await sum
            }
            Peer("OpenCombine") { load in
                await Combined<Event>.sum(max(1, window / load.batch)) { Combined.numbers(load) }
            }
        }
    }
}
