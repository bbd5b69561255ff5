import SluiceTesting
import Testing

@testable import Sluice

@Suite struct AlarmTests {
    private func seconds(_ count: Int) -> Duration { .seconds(count) }

    @Test func aDeadlineThatMovesOnCostsOneSleep() {
        var alarm = Alarm()
        #expect(alarm.set(seconds(10), isHolding: false, at: .zero) == seconds(10))
        #expect(alarm.set(nil, isHolding: false, at: seconds(1)) == nil)
        #expect(alarm.set(seconds(15), isHolding: false, at: seconds(5)) == nil)
        #expect(alarm.isQuiet)
        #expect(alarm.slept(until: seconds(10)) == seconds(15))
        #expect(alarm.isQuiet)
        #expect(alarm.slept(until: seconds(15)) == nil)
        #expect(!alarm.isQuiet && alarm.isDue(hasEvents: false))
    }

    @Test func anEarlierDeadlineHasASleepOfItsOwnAndTheOldOneEndsForNothing() {
        var alarm = Alarm()
        #expect(alarm.set(seconds(10), isHolding: false, at: .zero) == seconds(10))
        #expect(alarm.set(seconds(3), isHolding: false, at: seconds(1)) == seconds(3))
        #expect(alarm.slept(until: seconds(3)) == nil && alarm.isDue(hasEvents: false))
        alarm.take()
        #expect(alarm.isQuiet)
        #expect(alarm.set(seconds(20), isHolding: false, at: seconds(3)) == seconds(20))
        #expect(alarm.slept(until: seconds(10)) == nil)
        #expect(alarm.isQuiet)
    }

    @Test func aDeadlineThatHasPassedNeedsNoSleep() {
        var alarm = Alarm()
        #expect(alarm.set(seconds(3), isHolding: true, at: seconds(3)) == nil)
        #expect(alarm.isDue(hasEvents: true), "A stage that is full gets no events first")
        alarm.take()
        #expect(!alarm.isQuiet && !alarm.isDue(hasEvents: false))
    }

    @Test func eventsGoFirstOnceAndNotAgain() {
        var alarm = Alarm()
        _ = alarm.set(seconds(1), isHolding: false, at: seconds(2))
        #expect(!alarm.isDue(hasEvents: true) && alarm.isDue(hasEvents: false))
        alarm.passOver()
        _ = alarm.set(seconds(1), isHolding: false, at: seconds(2))
        #expect(alarm.isDue(hasEvents: true))
        _ = alarm.set(seconds(2), isHolding: false, at: seconds(3))
        #expect(!alarm.isDue(hasEvents: true), "Another deadline waits its turn again")
    }

    @Test func aStageThatBeginsAnewHasNoSleepUnderWay() {
        var machine = TestMachine(kind: .producerConsumer)
        expect(machine.setAlarm(seconds(10), isHolding: true, at: .zero) == seconds(10))
        machine.resetAlarm()
        expect(machine.setAlarm(seconds(20), isHolding: false, at: seconds(1)) == seconds(20))
    }

    /// Plays the sleeps, and checks that the stage is due exactly from its deadline on.
    @Test(arguments: UInt64(0)..<100) func itRingsInTimeHoweverTheDeadlineMoves(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var alarm = Alarm()
        var sleeps: [Int] = []
        var deadline: Int?
        for now in 0..<500 {
            while let index = sleeps.firstIndex(where: { $0 <= now }) {
                let time = sleeps.remove(at: index)
                if let next = alarm.slept(until: seconds(time)) { sleeps.append(Int(next.components.seconds)) }
            }
            #expect(alarm.isDue(hasEvents: false) == (deadline.map { $0 <= now } ?? false), "Seed \(seed)")
            if alarm.isDue(hasEvents: false), Bool.random(using: &generator) {
                alarm.take()
                deadline = nil
            }
            guard Int.random(in: 0..<3, using: &generator) == 0 else { continue }
            deadline = Bool.random(using: &generator) ? now + Int.random(in: -2...20, using: &generator) : nil
            let isHolding = Bool.random(using: &generator)
            if let sleep = alarm.set(deadline.map(seconds), isHolding: isHolding, at: seconds(now)) {
                sleeps.append(Int(sleep.components.seconds))
            }
            #expect(alarm.isQuiet == !(isHolding || alarm.isDue(hasEvents: false)), "Seed \(seed)")
        }
    }
}
