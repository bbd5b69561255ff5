import AsyncAlgorithms
import Sluice

extension Shape {
    /// One producer, and four consumers of a partition each, chosen by the same hash of each event's number.
    ///
    /// The peers' batches are four times as large before they are split, so that what arrives is as large as Sluice's.
    static func partition<Event: Payload>(
        _ name: String,
        of type: Event.Type,
        reference: Reference? = nil
    ) -> Shape {
        let count = 4
        return Shape(name: name, expectedSum: sumOfNumbers, reference: reference) { events in
            let arrivals = (1...count).map { _ in Mailbox() }
            try await withStages { stages in
                let dispatcher = PartitionDispatcher<Event, Int>(count: count) { $0.number }
                let numbers = stages.start(dispatcher: dispatcher) { Numbers<Event>(end: events) }
                for (partition, arrival) in arrivals.enumerated() {
                    let sum = stages.start { Sum<Event>(arrival) }
                    try await sum.subscribe(to: numbers, as: partition)
                }
            }
            return arrivals.reduce(Arrival()) { $0 + $1.last }
        } peers: {
            Peer("AsyncChannel") { load in
                let channels = (1...count).map { _ in Channels<Event>.Channel() }
                async let sum = Channels.sum(channels)
                await load.batched(by: count * load.batch).forEachBatch { range in
                    for (channel, part) in zip(channels, Event.split(Event.events(range), into: count))
                    where !part.isEmpty {
                        await channel.send(part)
                    }
                }
                for channel in channels { channel.finish() }
                return await sum
            }
            Peer("call") { load in
                let callees = (1...count).map { _ in SummingCallee<Event>() }
                await load.batched(by: count * load.batch).forEachBatch { range in
                    for (callee, part) in zip(callees, Event.split(Event.events(range), into: count)) {
                        await callee.handle(part)
                    }
                }
                return await Calls.sum(of: callees)
            }
            Peer("cast") { load in
                let streams = (1...count).map { _ in Casts<Event>.Stream.makeStream() }
                async let sum = Casts.sum(streams.map(\.stream))
                await load.batched(by: count * load.batch).forEachBatch { range in
                    for (stream, part) in zip(streams, Event.split(Event.events(range), into: count)) {
                        stream.continuation.yield(part)
                    }
                }
                for stream in streams { stream.continuation.finish() }
                return await sum
            }
        }
    }
}
