import SluiceTesting
import Testing

@testable import Sluice

@Suite struct RetryPolicyTests {
    private func delays(_ policy: RetryPolicy, _ count: Int) -> [Duration?] {
        var policy = policy
        return (1...count).map { policy.delay(after: $0) }
    }

    @Test func waitsDoubleUpToTheMaximumAndThenThereIsNoOtherAttempt() {
        let policy = RetryPolicy(attempts: 6, base: .seconds(1), maximum: .seconds(5))
        let expected: [Duration?] = [.seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5), nil]
        expect(delays(policy, 6) == expected)
    }

    @Test func neverMeansOneAttempt() {
        expect(delays(.never, 1) == [nil])
    }

    @Test func aBaseOfZeroWaitsForNothing() {
        expect(delays(RetryPolicy(attempts: 3, base: .zero), 3) == [.zero, .zero, nil])
    }

    @Test func manyAttemptsDoNotOverflow() {
        var policy = RetryPolicy(attempts: .max, base: .nanoseconds(1), maximum: .seconds(Int64.max))
        expect(policy.delay(after: 1_000_000) == .seconds(Int64.max))
    }

    @Test func chanceOnlyShortensAWaitByTheFractionAtMostAndRepeatsItself() {
        let policy = RetryPolicy(attempts: 200, base: .seconds(4), maximum: .seconds(4))
        let jittered = policy.jittered(by: 0.25, using: SeededGenerator(seed: 1))
        let waits = delays(jittered, 199).compactMap { $0 }
        expect(waits.allSatisfy { $0 > .seconds(3) - .milliseconds(1) && $0 <= .seconds(4) })
        expect(Set(waits).count > 100, "They differ")
        expect(waits == delays(jittered, 199).compactMap { $0 })
    }
}
