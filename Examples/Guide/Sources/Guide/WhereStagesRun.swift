import Sluice

struct Add: Consumer {
    let total: @Sendable (Int) -> Void

    mutating func handleEvents(_ events: [Int]) async throws {
        total(events.reduce(0, +))
    }
}

func addOnOneThread(total: @escaping @Sendable (Int) -> Void) async throws {
    try await withTaskExecutorPreference(ThreadExecutor()) {
        try await withStages { stages in
            let numbers = stages.start { Counter() }
            let sum = stages.start { Add(total: total) }
            try await sum.subscribe(to: numbers, maxDemand: 1)
        }
    }
}

func addWithLightHead(total: @escaping @Sendable (Int) -> Void) async throws {
    try await withStages { stages in
        let light = stages.on(ThreadExecutor())
        let numbers = light.start { Counter() }
        let even = light.start { Filter { (number: Int) in number.isMultiple(of: 2) } }
        let sum = stages.start { Add(total: total) }
        try await even.subscribe(to: numbers, maxDemand: 10)
        try await sum.subscribe(to: even)
    }
}
