import AsyncAlgorithms
import Sluice

extension Shape {
    /// An asynchronous sequence of single numbers, which never waits, and one consumer.
    ///
    /// The peers iterate the same sequence, and hand over each number as it comes.
    static func sequenceIn(_ name: String) -> Shape {
        Shape(name: name, expectedSum: sumOfNumbers) { events in
            let arrival = Mailbox()
            try await withStages { stages in
                let numbers = stages.start { AsyncSequenceSource(NumberSequence(end: events)) }
                let sum = stages.start { Sum<Int>(arrival) }
                try await sum.subscribe(to: numbers)
            }
            return arrival.last
        } peers: {
            Peer("AsyncChannel") { load in
                let channel = AsyncChannel<Int>()
                async let sum = channel.reduce(0, &+)
                for await number in NumberSequence(end: load.events) { await channel.send(number) }
                channel.finish()
                return await sum
            }
            Peer("call") { load in
                let callee = SummingCallee<Int>()
                for await number in NumberSequence(end: load.events) { await callee.handle([number]) }
                return await callee.sum
            }
            Peer("cast") { load in
                let (stream, input) = AsyncStream<Int>.makeStream()
                async let sum = stream.reduce(0, &+)
                for await number in NumberSequence(end: load.events) { input.yield(number) }
                input.finish()
                return await sum
            }
        }
    }

    /// One producer, and a loop over its single events.
    static func sequenceOut(_ name: String) -> Shape {
        Shape(name: name, expectedSum: sumOfNumbers) { events in
            var arrival = Arrival()
            try await withStages { stages in
                let numbers = stages.start { Numbers<Int>(end: events) }
                var sum = 0
                for try await number in try stages.events(from: numbers) { sum &+= number }
                // The loop does not show its batches: with the default window they are of 500 events.
                for first in stride(from: 0, to: events, by: 500) {
                    arrival.add(first == 0 ? sum : 0, of: min(500, events - first))
                }
            }
            return arrival
        } peers: {
            Peer("AsyncChannel") { load in
                let channel = Channels<Int>.Channel()
                async let sending: Void = Channels.sendNumbers(load, to: [channel])
                var sum = 0
                for await events in channel {
                    for number in events { sum &+= number }
                }
                await sending
                return sum
            }
            Peer("cast") { load in
                let (stream, input) = Casts<Int>.Stream.makeStream()
                async let pushing: Void = Casts.pushNumbers(load, to: [input])
                var sum = 0
                for await events in stream {
                    for number in events { sum &+= number }
                }
                await pushing
                return sum
            }
        }
    }
}

/// The numbers from 0 up to an end, each one there already.
private struct NumberSequence: AsyncSequence, AsyncIteratorProtocol, Sendable {
    var next = 0
    let end: Int

    func makeAsyncIterator() -> Self { self }

    mutating func next(isolation actor: isolated (any Actor)?) async -> Int? {
        guard next < end else { return nil }
        defer { next += 1 }
        return next
    }
}
