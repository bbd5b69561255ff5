import Sluice

struct Counter: Producer {
    var next = 0

    mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
        guard next < 100 else { return nil }
        let numbers = next..<min(next + demand, 100)
        next = numbers.upperBound
        return Array(numbers)
    }
}

struct Multiplier: ProducerConsumer {
    let factor: Int

    mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
        events.map { $0 * factor }
    }
}

struct Printer: Consumer {
    mutating func handleEvents(_ events: [Int]) async throws {
        for event in events { print(event) }
    }
}

func printDoubledNumbers() async throws {
    try await withStages { stages in
        let numbers = stages.start { Counter() }
        let doubled = stages.start { Multiplier(factor: 2) }
        let printed = stages.start { Printer() }
        try await doubled.subscribe(to: numbers)
        try await printed.subscribe(to: doubled, maxDemand: 10)
    }
}

func sumOfNumbers() async throws -> Int {
    try await withStages { stages in
        let numbers = stages.start { Counter() }
        var sum = 0
        for try await number in try stages.events(from: numbers, maxDemand: 10) { sum += number }
        return sum
    }
}

func pushNumbers() async throws {
    let numbers = PushSource<Int>(capacity: 100)
    try await withStages { stages in
        let source = stages.start(from: numbers)
        let printed = stages.start { Printer() }
        try await printed.subscribe(to: source)
        stages.go()
        for number in 1...1000 { try await numbers.send(number) }
        numbers.finish()
    }
}
