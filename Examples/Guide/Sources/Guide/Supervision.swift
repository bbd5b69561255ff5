import Sluice

struct Insert: Consumer {
    let store: @Sendable ([Int]) async throws -> Void

    mutating func handleEvents(_ events: [Int]) async throws {
        try await store(events)
    }
}

func insertNumbers(
    store: @escaping @Sendable ([Int]) async throws -> Void,
    keepForLater: @escaping @Sendable ([Int], any Error) -> Void
) async throws {
    let backoff = Backoff(base: .milliseconds(100), maximum: .seconds(10))
    try await withStages { stages in
        let storing = stages.group(restart: .upTo(5, within: .seconds(60), backoff: backoff))
        let numbers = stages.start { Counter() }
        let inserted = storing.start("insert", lost: keepForLater) { Insert(store: store) }
        try await inserted.subscribe(to: numbers, maxDemand: 20)
    }
}

func insertAndShow(store: @escaping @Sendable ([Int]) async throws -> Void) async throws {
    let report: @Sendable (GraphReport) -> Void = { print($0) }
    try await withStages(reporting: report) { stages in
        let optional = stages.group(restart: .upTo(3, within: .seconds(10)), surrender: .endStages)
        let numbers = stages.start(dispatcher: BroadcastDispatcher()) { Counter() }
        let inserted = optional.start("insert") { Insert(store: store) }
        let printed = stages.start { Printer() }
        let subscription = try await inserted.subscribe(to: numbers, as: .init())
        try await printed.subscribe(to: numbers, as: .init())
        stages.go()
        print(await subscription.end)
    }
}
