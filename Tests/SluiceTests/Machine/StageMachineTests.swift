import Testing

@testable import Sluice

@Suite struct StageMachineTests {
    private func source(demand: Int) -> TestMachine {
        var machine = TestMachine(kind: .producer)
        _ = machine.go()
        machine.playSubscription(.first)
        _ = machine.note(.asked(demand, .first))
        machine.playNextDelivery(capacity: demand)
        return machine
    }

    private func relay(window: DemandWindow?, demand: Int) -> TestMachine {
        var machine = TestMachine(kind: .producerConsumer)
        _ = machine.subscribe(.first, to: RecordingUpstream(), window: window)
        _ = machine.accepted(.first, window: window)
        guard demand > 0 else { return machine }
        machine.playSubscription(.second)
        _ = machine.note(.asked(demand, .second))
        machine.playNextDelivery(capacity: demand)
        return machine
    }

    @Test func aSourceIsHeldUntilTheScopeGoesAndStillPerforms() {
        var machine = TestMachine(kind: .producer)
        _ = machine.note(.asked(5, .first))
        machine.playNextDelivery(capacity: 5)
        expect(machine.nextSummary() == nil)
        expect(machine.perform(PerformRequest()) != nil)
        expect(machine.nextSummary() == "perform")
        _ = machine.go()
        expect(machine.nextSummary() == "demand 5")
    }

    @Test func fewerThanAskedIsAskedAgainAndNothingIsNot() {
        var machine = source(demand: 5)
        expect(machine.nextSummary() == "demand 5")
        machine.playDelivery(after: machine.handled(emitting: [1, 2]), capacity: 5)
        expect(machine.nextSummary() == "demand 3")
        _ = machine.handled(emitting: [])
        expect(machine.nextSummary() == nil)
        _ = machine.stirred()
        expect(machine.nextSummary() == "demand 3")
        _ = machine.stirred()
        _ = machine.handled(emitting: [])
        expect(machine.nextSummary() == "demand 3", "A wake during the call is remembered")
    }

    @Test func surplusIsHeldAndLowersTheNextDemand() {
        var machine = source(demand: 2)
        expect(machine.nextSummary() == "demand 2")
        machine.playDelivery(after: machine.handled(emitting: [1, 2, 3, 4, 5]), capacity: 2)
        expect(machine.nextSummary() == nil)
        expect(machine.books.held == 3)
        machine.playDelivery(after: machine.note(.asked(4, .first)), capacity: 4)
        expect(machine.nextSummary() == "demand 1")
    }

    @Test("B10: without a consumer a stage between others holds what it got, and calls nothing")
    func noDemandNoHandler() {
        var machine = relay(window: DemandWindow(min: 0, max: 4), demand: 0)
        _ = machine.received([1, 2, 3, 4], for: .first)
        expect(machine.nextSummary() == nil)
        expect(machine.books.waiting == 4)
    }

    @Test func theAskForAChunkWaitsUntilItsOutputFits() {
        var machine = relay(window: DemandWindow(min: 2, max: 4), demand: 3)
        _ = machine.received([1, 2, 3, 4], for: .first)
        expect(machine.nextSummary() == "handle [1, 2] #0")
        expect(machine.playDelivery(after: machine.handled(emitting: [1, 1, 2, 2]), capacity: 3).isEmpty)
        expect(machine.nextSummary() == nil, "It stops between chunks")
        expect(machine.books.deferredAsks.map(\.count) == [2])
        let signals = machine.playDelivery(after: machine.note(.asked(1, .second)), capacity: 1)
        expect(signals.map { "\($0.content)" } == ["ask(2)"])
    }

    /// A neighbour delivers for the stage; meanwhile its own task must sleep, and not look again and again.
    @Test func aTaskIsNotWokenForNoticesThatTheHolderOfTheRightWillFind() async {
        var machine = source(demand: 1)
        expect(machine.nextSummary() == "demand 1")
        expect(machine.handled(emitting: [1, 2]).delivers)
        var delivery = machine.takeDelivery()
        expect(!machine.note(.asked(3, .first)).delivers)
        expect(machine.nextSummary() == nil)
        await withUnsafeContinuation { continuation in
            expect(!machine.park(continuation))
            continuation.resume()
        }
        _ = delivery.events.removeFirst(1)
        expect(machine.delivered(&delivery, Outbound.Report(capacity: 0, subscriptions: 1)).delivers)
        expect(delivery.notices.count == 1)
    }

    /// Between the decision to end and the end, nobody may subscribe: the producer would wait for its demand for ever.
    @Test func aStageThatDecidesToEndTakesNoSubscription() {
        var machine = TestMachine(kind: .consumer)
        _ = machine.subscribe(.first, to: RecordingUpstream(), window: DemandWindow(min: 0, max: 1))
        _ = machine.producerEnded(.first, .finished)
        expect(machine.nextSummary() == "end")
        let isAccepted = machine.subscribe(.second, to: RecordingUpstream(), window: nil)
        expect(!isAccepted)
    }

    @Test func aStageWithoutAConsumerForGoodLeavesItsProducersAndTakesNoOthers() {
        var machine = relay(window: DemandWindow(min: 0, max: 4), demand: 0)
        let effects = machine.scopeClosed()
        expect(effects.delivers && effects.signals.map { "\($0.content)" } == ["cancel(because: nil)"])
        var delivery = machine.takeDelivery()
        delivery.notices = ShortQueue()
        _ = machine.delivered(&delivery, Outbound.Report())
        let isAccepted = machine.subscribe(.second, to: RecordingUpstream(), window: nil)
        expect(!isAccepted)
        expect(machine.nextSummary() == "deliver" && machine.isEnded)
    }

    @Test func aDrainInterruptsOnlyASource() {
        var machine = source(demand: 1)
        expect(machine.drain().interrupt)
        expect(machine.isDraining)
        var between = relay(window: DemandWindow(min: 0, max: 4), demand: 2)
        expect(!between.drain().interrupt)
        _ = between.received([1], for: .first)
        expect(between.nextSummary() == "handle [1] #0")
    }

    @Test func aDrainEndsAStageThatNeverGotANeighbour() {
        var consumer = TestMachine(kind: .consumer)
        _ = consumer.drain()
        expect(consumer.nextSummary() == "end")
        var between = relay(window: DemandWindow(min: 0, max: 4), demand: 0)
        expect(between.drain().signals.map { "\($0.content)" } == ["cancel(because: nil)"])
    }

    @Test func aCancelledStageStopsAndRefusesEverything() {
        var machine = source(demand: 1)
        _ = machine.perform(PerformRequest())
        _ = machine.cancel()
        expect(machine.nextSummary() == "stop")
        let isRefused = machine.perform(PerformRequest()) == nil
        expect(isRefused)
        expect(machine.stop().0.count == 1)
        expect(machine.stop().0.isEmpty)
    }

    @Test func aRequestIsWithdrawnOnlyBeforeItBegins() {
        var machine = source(demand: 1)
        let (first, second) = (PerformRequest(), PerformRequest())
        _ = machine.perform(first)
        _ = machine.perform(second)
        expect(machine.nextSummary() == "perform")
        let (isFirstWithdrawn, isSecondWithdrawn) = (machine.withdraw(first), machine.withdraw(second))
        expect(!isFirstWithdrawn && isSecondWithdrawn)
    }
}
