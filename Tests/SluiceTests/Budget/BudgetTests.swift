import SluiceTesting
import Synchronization
import Testing

@testable import Sluice

@Suite struct BudgetTests {
    final class Wakes: Sendable {
        private let state = Mutex(0)
        var count: Int { state.withLock { $0 } }
        func add() { state.withLock { $0 += 1 } }
    }

    private func budget(_ capacity: Int) -> (Budget, Wakes) {
        let budget = Budget(capacity: capacity)
        let wakes = Wakes()
        budget.whenRoomReturns { wakes.add() }
        return (budget, wakes)
    }

    @Test func reservationsAreGrantedWhileThereIsRoom() {
        let (budget, _) = budget(100)
        #expect(budget.reserve(60))
        #expect(!budget.reserve(41))
        #expect(budget.reserve(40))
        #expect(budget.held == 100)
    }

    @Test func anEmptyAccountAdmitsAnEventOfAnySize() {
        let (budget, _) = budget(100)
        #expect(budget.reserve(5000))
        #expect(!budget.reserve(1))
        budget.release(5000)
        #expect(budget.reserve(1))
        #expect(budget.peak == 5000)
    }

    @Test func aCorrectionNeverRefuses() {
        let (budget, wakes) = budget(100)
        #expect(budget.reserve(90))
        budget.correct(by: 50)
        #expect(budget.held == 140)
        #expect(!budget.reserve(10))
        budget.correct(by: -50)
        #expect(budget.held == 90)
        #expect(wakes.count == 1)
        budget.correct(by: 0)
        #expect(budget.held == 90)
    }

    @Test func oneRefusalIsWokenOnceAndOnlyWhenThereIsRoom() {
        let (budget, wakes) = budget(100)
        #expect(budget.reserve(50))
        #expect(budget.reserve(50))
        #expect(!budget.reserve(60))
        #expect(budget.isExhausted)
        budget.release(50)
        #expect(wakes.count == 0)
        budget.release(20)
        #expect(wakes.count == 1)
        #expect(!budget.isExhausted)
        budget.release(30)
        #expect(wakes.count == 1)
    }

    @Test func nobodyIsWokenWithoutARefusal() {
        let (budget, wakes) = budget(100)
        #expect(budget.reserve(100))
        budget.release(100)
        #expect(wakes.count == 0)
    }

    @Test func aGrantToOneDoesNotHideTheRefusalOfAnother() {
        let (budget, wakes) = budget(100)
        #expect(budget.reserve(80))
        #expect(!budget.reserve(50))
        #expect(budget.reserve(10))
        budget.release(80)
        #expect(wakes.count == 1)
    }

    @Test func theSmallestOfSeveralRefusalsDecidesWhenToWake() {
        let (budget, wakes) = budget(100)
        #expect(budget.reserve(50))
        #expect(budget.reserve(45))
        #expect(!budget.reserve(20))
        #expect(!budget.reserve(90))
        budget.release(45)
        #expect(wakes.count == 1)
    }

    @Test func fromTheHighMarkOnTheLowMarkIsWaitedFor() {
        let budget = Budget(capacity: 100, highMark: 80, lowMark: 30)
        let wakes = Wakes()
        budget.whenRoomReturns { wakes.add() }
        #expect(budget.reserve(79) && !budget.reserve(22))
        budget.release(1)
        #expect(wakes.count == 1, "It had not risen to the high mark")
        #expect(budget.reserve(2) && !budget.reserve(21))
        budget.release(49)
        #expect(wakes.count == 1 && budget.isExhausted)
        #expect(budget.reserve(10), "Whoever asks gets what there is room for")
        budget.release(10)
        budget.release(1)
        #expect(wakes.count == 2 && budget.held == 30 && !budget.isExhausted)
        #expect(budget.reserve(49) && !budget.reserve(22))
        budget.release(1)
        #expect(wakes.count == 3, "The low mark was reached; the high one counts anew")
    }

    @Test func atTheLowMarkThereMustAlsoBeRoom() {
        let budget = Budget(capacity: 100, highMark: 90, lowMark: 50)
        let wakes = Wakes()
        budget.whenRoomReturns { wakes.add() }
        #expect(budget.reserve(90) && !budget.reserve(70))
        budget.release(45)
        #expect(wakes.count == 0)
        budget.release(15)
        #expect(wakes.count == 1)
    }

    @Test func aLowMarkOfNothingIsTheEmptyAccount() {
        let budget = Budget(capacity: 10, lowMark: 0)
        let wakes = Wakes()
        budget.whenRoomReturns { wakes.add() }
        #expect(budget.reserve(10) && !budget.reserve(1))
        budget.release(9)
        #expect(wakes.count == 0)
        budget.release(1)
        #expect(wakes.count == 1)
    }

    @Test func theSnapshotTellsWhatIsHeldAndHowItIsWaitedFor() {
        let clock = TestClock()
        clock.advance(by: .seconds(7))
        let budget = Budget(capacity: 100, clock: clock)
        func snapshot(held: Int, waiting: Int, _ seconds: Double) -> BudgetSnapshot {
            BudgetSnapshot(capacity: 100, held: held, peak: 100, waiting: waiting, secondsWaited: seconds)
        }
        #expect(budget.reserve(100))
        clock.advance(by: .seconds(5))
        #expect(budget.snapshot == snapshot(held: 100, waiting: 0, 0))
        #expect(!budget.reserve(50))
        clock.advance(by: .seconds(1))
        #expect(!budget.reserve(60))
        clock.advance(by: .milliseconds(500))
        #expect(budget.snapshot == snapshot(held: 100, waiting: 2, 1.5))
        budget.release(30)
        clock.advance(by: .seconds(1))
        #expect(budget.snapshot == snapshot(held: 70, waiting: 2, 2.5))
        budget.release(30)
        clock.advance(by: .seconds(20))
        #expect(budget.snapshot == snapshot(held: 40, waiting: 0, 2.5))
        #expect(!budget.reserve(61))
        clock.advance(by: .seconds(1))
        budget.release(40)
        #expect(budget.snapshot == snapshot(held: 0, waiting: 0, 3.5))
    }

    @Test(arguments: UInt64(0)..<30) func whoeverWaitsIsWokenAndTheAccountEndsAtZero(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let (budget, wakes) = budget(64)
        var granted: [Int] = []
        var refusals = 0
        for _ in 0..<500 {
            if Bool.random(using: &generator) {
                let bytes = Int.random(in: 1...100, using: &generator)
                let isFree = granted.isEmpty || granted.reduce(0, +) + bytes <= 64
                #expect(budget.reserve(bytes) == isFree, "Seed \(seed)")
                if isFree { granted.append(bytes) } else { refusals += 1 }
            } else if let index = granted.indices.randomElement(using: &generator) {
                budget.release(granted.remove(at: index))
                if granted.isEmpty { #expect(!budget.isExhausted, "Seed \(seed)") }
            }
            #expect(budget.held == granted.reduce(0, +), "Seed \(seed)")
            #expect(wakes.count <= refusals, "Seed \(seed)")
        }
        for bytes in granted { budget.release(bytes) }
        #expect(budget.held == 0)
    }
}
