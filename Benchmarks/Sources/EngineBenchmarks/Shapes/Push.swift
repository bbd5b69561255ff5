import AsyncAlgorithms
import Sluice

extension Shape {
    /// A task outside of the graph that pushes events, one producer, one consumer.
    ///
    /// So many events are pushed at once as `batch` says, by Sluice and by the peers.
    static func push(_ name: String, batch: Int) -> Shape {
        Shape(name: name, expectedSum: sumOfNumbers) { events in
            let arrival = Mailbox()
            let source = PushSource<Int>(capacity: 1000)
            try await withStages { stages in
                let numbers = stages.start(from: source)
                let sum = stages.start { Sum<Int>(arrival) }
                try await sum.subscribe(to: numbers)
                stages.go()
                if batch == 1 {
                    for number in 0..<events { try await source.send(number) }
                } else {
                    try await Load(events: events, batch: batch).forEachBatch { range in
                        try await source.send(contentsOf: Int.events(range))
                    }
                }
                source.finish()
            }
            return arrival.last
        } peers: {
            Peer("AsyncChannel") { load in
                let channel = Channels<Int>.Channel()
                async let sum = Channels.sum(channel)
                await Channels.sendNumbers(load.batched(by: batch), to: [channel])
                return await sum
            }
            Peer("call") { load in
                let callee = SummingCallee<Int>()
                await Calls.callNumbers(load.batched(by: batch), callee)
                return await callee.sum
            }
            Peer("cast") { load in
                let (stream, input) = Casts<Int>.Stream.makeStream()
                async let sum = Casts.sum(stream)
                await Casts.pushNumbers(load.batched(by: batch), to: [input])
                return await sum
            }
        }
    }
}
