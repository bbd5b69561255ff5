import AsyncAlgorithms
import Sluice

extension Shape {
    /// One producer, and four consumers that each get every event.
    ///
    /// An event counts once, not once for each consumer.
    static func broadcast<Event: Payload>(
        _ name: String,
        of type: Event.Type,
        reference: Reference? = nil
    ) -> Shape {
        let count = 4
        return Shape(name: name, expectedSum: { count &* sumOfNumbers($0) }, reference: reference) { events in
            let arrivals = (1...count).map { _ in Mailbox() }
            try await withStages { stages in
                let numbers = stages.start(dispatcher: BroadcastDispatcher()) { Numbers<Event>(end: events) }
                for arrival in arrivals {
                    let sum = stages.start { Sum<Event>(arrival) }
                    try await sum.subscribe(to: numbers, as: .init())
                }
            }
            return arrivals.reduce(Arrival()) { $0 + $1.last }
        } peers: {
            // The slowest sets the pace here too: each batch is sent to one after the other.
            Peer("AsyncChannel") { load in
                let channels = (1...count).map { _ in Channels<Event>.Channel() }
                async let sending: Void = Channels.sendNumbers(load, to: channels)
                async let sum = Channels.sum(channels)
                await sending
                return await sum
            }
            Peer("call") { load in
                let callees = (1...count).map { _ in SummingCallee<Event>() }
                await load.forEachBatch { range in
                    let events = Event.events(range)
                    for callee in callees { await callee.handle(events) }
                }
                return await Calls.sum(of: callees)
            }
            Peer("cast") { load in
                let streams = (1...count).map { _ in Casts<Event>.Stream.makeStream() }
                async let pushing: Void = Casts.pushNumbers(load, to: streams.map(\.continuation))
                async let sum = Casts.sum(streams.map(\.stream))
                await pushing
                return await sum
            }
        }
    }
}
