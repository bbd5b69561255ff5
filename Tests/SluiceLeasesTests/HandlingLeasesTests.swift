import SluicePipelines
import SluiceTesting
import Testing

@testable import SluiceLeases

@Suite struct HandlingLeasesTests {
    private static func change(_ receipt: Receipt, _ seconds: Int) -> LeaseChange {
        LeaseChange(receipt, .seconds(seconds))
    }

    private static func leases(_ timeout: Int = 40, limit: Int = 1000) -> HandlingLeases {
        HandlingLeases(timeout: .seconds(timeout), limit: .seconds(limit))
    }

    @Test func extendsAtHalfOfTheTimeout() {
        var leases = Self.leases()
        #expect(leases.nextDue == nil)
        leases.add(["a"], at: .seconds(10))
        #expect(leases.nextDue == .seconds(30))
        let early = leases.takeDue(at: .milliseconds(29_999))
        #expect(early.isEmpty)
        let first = leases.takeDue(at: .seconds(30))
        #expect(first == [Self.change("a", 40)])
        let again = leases.takeDue(at: .seconds(31))
        #expect(leases.nextDue == nil && again.isEmpty && leases.count == 1)
        leases.extended(Self.change("a", 40), at: .seconds(30))
        #expect(leases.nextDue == .seconds(50))
    }

    @Test func takesAlongWhatIsDueSoon() {
        var leases = Self.leases()
        leases.add(["a"], at: .zero)
        leases.add(["soon"], at: .seconds(5))
        leases.add(["later"], at: .seconds(6))
        let changes = leases.takeDue(at: .seconds(20))
        #expect(Set(changes.map(\.receipt)) == ["a", "soon"])
        #expect(leases.nextDue == .seconds(26))
    }

    @Test func triesAgainUntilOthersSeeTheMessage() {
        var leases = Self.leases()
        leases.add(["a"], at: .zero)
        var times: [Duration] = []
        while let due = leases.nextDue {
            times.append(due)
            for change in leases.takeDue(at: due) {
                let wasKept = leases.failed(change, at: due)
                #expect(wasKept)
            }
        }
        #expect(times == [20, 25, 30, 35].map { .seconds($0) })
        #expect(leases.count == 0)
    }

    @Test func stopsAtTheLimit() {
        var leases = Self.leases(limit: 65)
        leases.add(["a"], at: .zero)
        var taken: [[LeaseChange]] = []
        while let due = leases.nextDue {
            taken.append(leases.takeDue(at: due))
            for change in taken.last ?? [] { leases.extended(change, at: due) }
        }
        // Until 60, until 65; and then there is nothing to be gained.
        #expect(taken == [[Self.change("a", 40)], [Self.change("a", 25)], []])
        #expect(leases.count == 0)
        leases = Self.leases(limit: 30)
        leases.add(["a"], at: .zero)
        let none = leases.takeDue(at: .seconds(20))
        #expect(none.isEmpty && leases.count == 0)
    }

    @Test func extendsByWholeUnits() {
        var leases = HandlingLeases(timeout: .milliseconds(500), limit: .milliseconds(1200), unit: .milliseconds(500))
        leases.add(["a"], at: .zero)
        var taken: [Duration] = []
        while let due = leases.nextDue {
            for change in leases.takeDue(at: due) {
                #expect(change.duration == .milliseconds(500))
                taken.append(due)
                leases.extended(change, at: due)
            }
        }
        // One more would keep it for longer than it may.
        #expect(taken == [250, 500].map { .milliseconds($0) })
    }

    @Test func forgetsWhatIsDealtWithAlsoOnTheWay() throws {
        var leases = Self.leases()
        leases.add(["a", "b"], at: .zero)
        leases.remove(["b"])
        let changes = leases.takeDue(at: .seconds(20))
        #expect(changes == [Self.change("a", 40)])
        let change = try #require(changes.first)
        leases.remove(["a", "unknown"])
        leases.extended(change, at: .seconds(20))
        let wasKept = leases.failed(change, at: .seconds(20))
        #expect(!wasKept)
        #expect(leases.count == 0 && leases.nextDue == nil)
    }

    /// A service that hides messages, beside a machine that is called whenever it asks for that, or a little later.
    @Test(arguments: 0..<60) func noMessageThatIsKeptIsSeenByOthers(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let timeout = Int.random(in: 1...60, using: &random)
        let limit = Int.random(in: 1...600, using: &random)
        let isReliable = seed % 2 == 0
        var leases = Self.leases(timeout, limit: limit)
        var hidden: [Receipt: (received: Duration, until: Duration)] = [:]
        var (now, number) = (Duration.zero, UInt64(0))
        for _ in 0..<200 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                if hidden.count > 30 { continue }
                let receipts = (0..<UInt64.random(in: 1...10, using: &random)).map { Receipt.number(number + $0) }
                number += UInt64(receipts.count)
                leases.add(receipts, at: now)
                for receipt in receipts { hidden[receipt] = (now, now + .seconds(timeout)) }
            case 1:
                // The order of a dictionary's keys is another one in each run.
                let receipt = (0..<number).filter { hidden[.number($0)] != nil }.randomElement(using: &random)
                guard let receipt else { continue }
                hidden.removeValue(forKey: .number(receipt))
                leases.remove([.number(receipt)])
            default:
                // Never more than an eighth of a timeout late.
                guard let due = leases.nextDue else { continue }
                now = max(now, due) + .milliseconds(Int.random(in: 0...(timeout * 125), using: &random))
                let changes = leases.takeDue(at: now)
                #expect(Set(changes.map(\.receipt)).count == changes.count)
                for change in changes {
                    guard let message = hidden[change.receipt] else {
                        Issue.record("\(change) is of nobody's message")
                        continue
                    }
                    let until = now + change.duration
                    // An expectation for each would take most of the time.
                    if change.duration < .seconds(1) || until <= message.until
                        || until > message.received + .seconds(limit)
                    {
                        Issue.record("\(change) at \(now) is too little or too much for \(message)")
                    }
                    if isReliable, message.until <= now { Issue.record("\(change) comes too late") }
                    if isReliable || Bool.random(using: &random) {
                        hidden[change.receipt]?.until = until
                        leases.extended(change, at: now)
                    } else {
                        _ = leases.failed(change, at: now)
                    }
                }
            }
            // What it does not keep any more has had all the time it may have, but for a part of a second.
            if isReliable {
                for message in hidden.values where message.until <= now && limit > timeout {
                    if message.until <= message.received + .seconds(limit - 1) { Issue.record("\(message) at \(now)") }
                }
            }
        }
        leases.remove(hidden.keys)
        #expect(leases.count == 0 && leases.nextDue == nil)
    }
}
