import Sluice

func printInSmallSteps() async throws {
    try await withStages { stages in
        let numbers = stages.start { Counter() }
        let printed = stages.start { Printer() }
        let subscription = try await printed.subscribe(to: numbers, maxDemand: 100, minDemand: 20)
        stages.go()
        try subscription.setDemand(max: 10)
    }
}
