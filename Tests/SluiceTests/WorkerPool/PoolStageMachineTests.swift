import Testing

@testable import Sluice

/// What a stage's machine does differently for a pool.
@Suite struct PoolStageMachineTests {
    private let upstream = RecordingUpstream()

    private func pool(_ kind: StageKind, window: DemandWindow? = nil) -> TestMachine {
        var machine = TestMachine(kind: kind, isPool: true)
        _ = machine.subscribe(.first, to: upstream, window: window)
        let signals = machine.accepted(.first, window: window).signals
        expect(signals.map { "\($0.content)" } == (window.map { ["ask(\($0.max))"] } ?? []))
        if window == nil {
            expect(machine.nextSummary() == "subscribed #0")
            _ = machine.askManually(2, by: .first)
        }
        return machine
    }

    @Test func anEventThatHasEndedIsReplacedAtOnceWhateverTheWindow() {
        for window in [nil, DemandWindow(min: 0, max: 9)] {
            var machine = pool(.consumer, window: window)
            _ = machine.received([1, 2], for: .first)
            expect(machine.nextSummary() == "handle [1, 2] #0")
            expect(machine.handled(emitting: nil).signals.isEmpty)
            expect(machine.settled(.first).signals.map { "\($0.content)" } == ["ask(1)"])
        }
    }

    @Test func itDoesNotEndBeforeItsWork() {
        var machine = pool(.consumer)
        _ = machine.received([1, 2], for: .first)
        _ = machine.producerEnded(.first, .finished)
        expect(machine.nextSummary() == "handle [1, 2] #0")
        _ = machine.handled(emitting: nil)
        for _ in 0..<2 {
            expect(machine.nextSummary() == nil && !machine.isEnded)
            expect(machine.settled(.first).signals.isEmpty, "The producer has finished")
        }
        expect(machine.nextSummary() == "deliver" && machine.isEnded)
    }

    @Test func itReceivesWithoutDemandAndEmitsOnlyWithIt() {
        var machine = pool(.producerConsumer)
        machine.playSubscription(.second)
        _ = machine.received([1, 2], for: .first)
        expect(machine.nextSummary() == "handle [1, 2] #0")
        _ = machine.handled(emitting: nil)
        _ = machine.stirred()
        expect(machine.nextSummary() == nil)
        _ = machine.note(.asked(1, .second))
        machine.playNextDelivery(capacity: 1)
        expect(machine.nextSummary() == "demand 1")
        expect(machine.askManually(1, by: .first).signals.isEmpty, "The result is not emitted yet")
        let signals = machine.playDelivery(after: machine.handled(emitting: [10]), capacity: 1)
        expect(signals.map { "\($0.content)" } == ["ask(1)"])
    }

    @Test func whenNobodyWillEverListenItWorksOffWhatItHas() {
        var machine = pool(.producerConsumer)
        _ = machine.received([1], for: .first)
        expect(machine.nextSummary() == "handle [1] #0")
        _ = machine.handled(emitting: nil)
        let signals = machine.playDelivery(after: machine.scopeClosed(), capacity: 0, subscriptions: 0)
        expect(signals.map { "\($0.content)" } == ["cancel(because: nil)"])
        expect(machine.nextSummary() == "demand \(DemandLedger.limit)")
        _ = machine.handled(emitting: [10])
        expect(machine.nextSummary() == nil, "The producer has not confirmed")
        _ = machine.producerEnded(.first, .finished)
        expect(machine.nextSummary() == "stop" && machine.isEnded)
    }

    @Test func resultsThatWereLeftAreTakenWhenTheLastConsumerHasGone() {
        var machine = pool(.producerConsumer)
        machine.playSubscription(.second)
        _ = machine.note(.asked(1, .second))
        machine.playNextDelivery(capacity: 1)
        _ = machine.received([1, 2], for: .first)
        expect(machine.nextSummary() == "handle [1, 2] #0")
        _ = machine.handled(emitting: nil)
        expect(machine.nextSummary() == "demand 1")
        machine.playDelivery(after: machine.handled(emitting: [10]), capacity: 1)
        expect(machine.nextSummary() == nil)
        machine.playDelivery(after: machine.scopeClosed(), capacity: 0)
        machine.playDelivery(after: machine.note(.cancelled(.second, because: nil)), capacity: 0, subscriptions: 0)
        expect(machine.nextSummary() == "demand \(DemandLedger.limit)")
    }
}
