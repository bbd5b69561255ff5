import Sluice

func printWithHooks() async throws {
    let numbers = PushSource<Int>(capacity: 100)
    defer { print("not emitted:", numbers.unsent) }
    let options = EmissionOptions<Int>(buffer: .bounded(1000, .dropOldest)) { events, reason in
        print("for nobody:", events, reason)
    }
    try await withStages(reporting: { print($0) }) { stages in
        let source = stages.start(from: numbers)
        let doubled = stages.start(options: options) { Multiplier(factor: 2) }
        let printed = stages.start(lost: { print("not handled:", $0, $1) }) { Printer() }
        try await doubled.subscribe(to: source)
        try await printed.subscribe(to: doubled)
        stages.go()
        try await numbers.send(contentsOf: 1...10)
        numbers.finish()
    }
}
