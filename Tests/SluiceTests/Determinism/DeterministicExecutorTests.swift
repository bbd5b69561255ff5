import SluiceTesting
import Testing

@Suite struct DeterministicExecutorTests {
    /// The order in which some tasks get their turns under a schedule.
    private func turns(seed: UInt64) throws -> [Int] {
        let log = Log<Int>()
        try DeterministicExecutor(seed: seed).run {
            await withDiscardingTaskGroup { group in
                for number in 0..<5 {
                    group.addTask {
                        for _ in 0..<4 {
                            log.append([number])
                            await Task.yield()
                        }
                    }
                }
            }
        }
        return log.all
    }

    @Test func aSeedReplaysToTheLetterAndOthersDiffer() throws {
        #expect(try turns(seed: 7) == turns(seed: 7))
        #expect(Set(try (0..<20).map { try turns(seed: $0) }).count > 10)
    }

    @Test func aFailureUnderOneScheduleTellsItsSeed() throws {
        let error = #expect(throws: DeterministicExecutor.FailedSchedule.self) {
            try DeterministicExecutor.check(seeds: 0..<500, Self.raceThatTheSecondRarelyWins)
        }
        let seed = try #require(error?.seed)
        #expect(error?.error is Broken && error?.description == "Seed \(seed): Broken()")
        // It is the first that fails, and it fails again.
        try DeterministicExecutor.check(seeds: 0..<seed, Self.raceThatTheSecondRarelyWins)
        #expect(throws: DeterministicExecutor.FailedSchedule.self) {
            try DeterministicExecutor.check(seeds: seed..<seed + 1, Self.raceThatTheSecondRarelyWins)
        }
    }

    @Sendable private static func raceThatTheSecondRarelyWins(_ clock: TestClock) async throws {
        let log = Log<Int>()
        await withDiscardingTaskGroup { group in
            group.addTask { log.append([1]) }
            group.addTask {
                for _ in 0..<4 { await Task.yield() }
                log.append([2])
            }
        }
        if log.all == [2, 1] { throw Broken() }
    }

    @Test func idleComesAfterEverythingElseAndBeforeTimePasses() throws {
        try DeterministicExecutor.check(seeds: 0..<50) { clock in
            let log = Log<String>()
            await withDiscardingTaskGroup { group in
                group.addTask {
                    for _ in 0..<10 { await Task.yield() }
                    log.append(["work"])
                }
                group.addTask {
                    try? await clock.sleep(for: .seconds(1))
                    log.append(["time"])
                }
                group.addTask {
                    await DeterministicExecutor.current?.idle()
                    log.append(["idle"])
                }
            }
            #expect(log.all == ["work", "idle", "time"])
            #expect(clock.now.offset == .seconds(1))
        }
        #expect(DeterministicExecutor.current == nil)
    }

    @Test func aDeadlockIsFound() {
        #expect(throws: DeterministicExecutor.Stuck.self) {
            try DeterministicExecutor(seed: 1).run { await Gate().wait() }
        }
    }
}
