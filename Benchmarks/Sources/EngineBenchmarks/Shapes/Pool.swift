import AsyncAlgorithms
import Sluice

extension Shape {
    /// One producer, a pool that works on single events, four at once, one consumer of the results.
    static func pool(_ name: String) -> Shape {
        let concurrency = 4
        return Shape(name: name, expectedSum: { 2 &* sumOfNumbers($0) }) { events in
            let arrival = Mailbox()
            try await withStages { stages in
                let numbers = stages.start { Numbers<Int>(end: events) }
                let results = stages.start { WorkerPool(concurrency: concurrency) { (number: Int) in number &* 2 } }
                let sum = stages.start { Sum<Int>(arrival) }
                try await results.subscribe(to: numbers)
                try await sum.subscribe(to: results)
            }
            return arrival.last
        } peers: {
            // Four tasks that take single events of one channel, and send single results to another.
            Peer("AsyncChannel") { load in
                let numbers = AsyncChannel<Int>()
                let results = AsyncChannel<Int>()
                async let sum = results.reduce(0, &+)
                await withTaskGroup(of: Void.self) { group in
                    for _ in 1...concurrency {
                        group.addTask {
                            for await number in numbers { await results.send(number &* 2) }
                        }
                    }
                    for number in 0..<load.events { await numbers.send(number) }
                    numbers.finish()
                }
                results.finish()
                return await sum
            }
            // A task for each event, and no more than four at once.
            Peer("task group") { load in
                await withTaskGroup(of: Int.self) { group in
                    var sum = 0
                    for number in 0..<load.events {
                        if number >= concurrency { sum &+= await group.next() ?? 0 }
                        group.addTask { number &* 2 }
                    }
                    for await result in group { sum &+= result }
                    return sum
                }
            }
        }
    }
}
