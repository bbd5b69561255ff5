import Sluice

struct Counter: Producer {
    var next = 0
    mutating func handleDemand(_ demand: Int) async throws -> [Int]? {  // at most `demand`; nil: finished
        guard next < 100 else { return nil }
        let numbers = next..<min(next + demand, 100)
        next = numbers.upperBound
        return Array(numbers)
    }
}

struct Multiplier: ProducerConsumer {
    let factor: Int
    mutating func handleEvents(_ events: [Int]) async throws -> [Int] { events.map { $0 * factor } }
}

struct Printer: Consumer {
    mutating func handleEvents(_ events: [Int]) async throws { for event in events { print(event) } }
}

try await withStages { stages in
    let numbers = stages.start { Counter() }
    let doubled = stages.start { Multiplier(factor: 2) }
    let printed = stages.start { Printer() }
    try await doubled.subscribe(to: numbers)
    try await printed.subscribe(to: doubled, maxDemand: 10)  // a wrong event type does not compile
}  // returns when all have finished; throws the first failure
