import AsyncAlgorithms
import OpenCombine
import Sluice

extension Shape {
    /// Four maps composed onto the producer, which are one stage with it, and one consumer.
    ///
    /// The peers do the four maps where the numbers are made, too, and hand over once.
    static func fusedChain(_ name: String) -> Shape {
        Shape(name: name, expectedSum: { 16 &* sumOfNumbers($0) }) { events in
            let arrival = Mailbox()
            try await withStages { stages in
                let numbers = stages.start {
                    Numbers<Int>(end: events).map { $0 &* 2 }.map { $0 &* 2 }.map { $0 &* 2 }.map { $0 &* 2 }
                }
                let sum = stages.start { Sum<Int>(arrival) }
                try await sum.subscribe(to: numbers)
            }
            return arrival.last
        } peers: {
            Peer("AsyncChannel") { load in
                let channel = Channels<Int>.Channel()
                async let sum = Channels.sum(channel)
                await load.forEachBatch { await channel.send(mapped(Int.events($0))) }
                channel.finish()
                return await sum
            }
            Peer("call") { load in
                let callee = SummingCallee<Int>()
                await load.forEachBatch { await callee.handle(mapped(Int.events($0))) }
                return await callee.sum
            }
            Peer("cast") { load in
                let (stream, input) = Casts<Int>.Stream.makeStream()
                async let sum = Casts.sum(stream)
                await load.forEachBatch { input.yield(mapped(Int.events($0))) }
                input.finish()
                return await sum
            }
            Peer("OpenCombine") { load in
                await Combined<Int>.sum(max(1, 1000 / load.batch)) {
                    Combined.numbers(load)
                        .map { $0.map { $0 &* 2 } }
                        .map { $0.map { $0 &* 2 } }
                        .map { $0.map { $0 &* 2 } }
                        .map { $0.map { $0 &* 2 } }
                        .eraseToAnyPublisher()
                }
            }
        }
    }
}

private func mapped(_ numbers: [Int]) -> [Int] {
    numbers.map { $0 &* 2 }.map { $0 &* 2 }.map { $0 &* 2 }.map { $0 &* 2 }
}
