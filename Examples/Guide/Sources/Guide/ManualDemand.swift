import Sluice

struct InTens: ManualConsumer {
    mutating func subscribed(_ subscription: ManualSubscription) async throws {
        if subscription.outstanding == 0 { subscription.ask(10) }
    }

    mutating func handleEvents(_ events: [Int], from subscription: ManualSubscription) async throws {
        print(events)
        if subscription.outstanding == 0 { subscription.ask(10) }
    }
}

struct Pages: ManualConsumer {
    private var subscription: ManualSubscription?

    mutating func subscribed(_ subscription: ManualSubscription) async throws {
        self.subscription = subscription
    }

    mutating func handleEvents(_ events: [Int], from subscription: ManualSubscription) async throws {
        print(events)
    }

    mutating func showMore(_ count: Int) {
        subscription?.ask(count)
    }
}

func showPages(_ requests: AsyncStream<Int>) async throws {
    try await withStages { stages in
        let numbers = stages.start { Counter() }
        let pages = stages.start { Pages() }
        try await pages.subscribe(to: numbers)
        stages.go()
        for await count in requests { try await pages.perform { $0.showMore(count) } }
        stages.drain()
    }
}

struct Sampler: ManualProducerConsumer {
    mutating func subscribed(_ subscription: ManualSubscription) async throws {
        if subscription.outstanding == 0 { subscription.ask(100) }
    }

    mutating func handleEvents(_ events: [Int], from subscription: ManualSubscription) async throws -> [Int] {
        if subscription.outstanding == 0 { subscription.ask(100) }
        return events.filter { $0.isMultiple(of: 10) }
    }
}
