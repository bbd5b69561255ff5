import Testing

@testable import Sluice

extension Inbound {
    fileprivate mutating func nextEvents() -> EventQueue? {
        guard let chunk = nextChunk() else { return nil }
        return chunk.events
    }
}

@Suite struct InboundTests {
    private func inbound(min: Int, max: Int) -> Inbound {
        var inbound = Inbound()
        inbound.subscribe(.first, to: RecordingUpstream(), window: DemandWindow(min: min, max: max))
        _ = inbound.ask(max, by: .first)
        return inbound
    }

    @Test func aMessageIsHandedOutInChunksAndEachIsFollowedByItsAsk() throws {
        var inbound = inbound(min: 80, max: 100)
        inbound.received(EventQueue(EventBatch(Array(0..<45))), for: .first)
        var sizes: [Int] = []
        var asks: [String] = []
        while let chunk = inbound.nextChunk() {
            sizes.append(chunk.events.count)
            if let ask = chunk.ask { asks.append("\(ask.content)") }
        }
        expect(sizes == [20, 20, 5])
        expect(asks == ["ask(20)", "ask(20)"])
        expect(inbound.isEmpty && inbound.waitingEvents == 0)
    }

    @Test func messagesThatWaitAreJoinedUpToAChunk() {
        var inbound = inbound(min: 6, max: 10)
        for message in [[1], [2, 3], [4], [5]] as [EventQueue] { inbound.received(message, for: .first) }
        expect(inbound.nextEvents() == [1, 2, 3, 4])
        expect(inbound.nextEvents() == [5])
    }

    @Test func messagesOfDifferentSubscriptionsAreNotJoined() {
        var inbound = inbound(min: 0, max: 10)
        inbound.subscribe(.second, to: RecordingUpstream(), window: DemandWindow(min: 0, max: 10))
        _ = inbound.ask(10, by: .second)
        inbound.received([1], for: .first)
        inbound.received([2], for: .second)
        expect(inbound.nextEvents() == [1])
        expect(inbound.nextEvents() == [2])
    }

    @Test func aManualSubscriptionGetsEachMessageWhole() {
        var inbound = Inbound()
        inbound.subscribe(.first, to: RecordingUpstream(), window: nil)
        _ = inbound.ask(10, by: .first)
        inbound.received([1, 2, 3], for: .first)
        inbound.received([4], for: .first)
        expect(inbound.nextEvents() == [1, 2, 3])
        expect(inbound.nextEvents() == [4])
    }

    @Test func theEndOfAProducerWaitsBehindItsEvents() {
        var inbound = inbound(min: 0, max: 2)
        inbound.received([1, 2], for: .first)
        _ = inbound.ended(.first, .finished)
        inbound.removeFinished()
        expect(inbound.hasLiveSubscription)
        expect(inbound.nextEvents() == [1, 2])
        inbound.removeFinished()
        expect(!inbound.hasLiveSubscription && inbound.hasSeenFinish)
    }

    @Test func leavingHappensOnceStopsAsksAndKeepsWhatWasDelivered() {
        var inbound = inbound(min: 0, max: 2)
        inbound.received([1, 2], for: .first)
        expect(inbound.leave(.first) != nil)
        expect(inbound.leave(.first) == nil)
        expect(inbound.ask(1, by: .first) == nil)
        guard let chunk = inbound.nextChunk() else { return expect(Bool(false)) }
        expect(chunk.events == [1, 2] && chunk.ask == nil)
        _ = inbound.ended(.first, .finished)
        inbound.removeFinished()
        expect(!inbound.hasSeenFinish, "A producer that was left has not finished")
    }

    @Test("H3: messages of an ended subscription are ignored, and nothing is asked for it")
    func messagesOfAnEndedSubscriptionAreIgnored() {
        var inbound = inbound(min: 0, max: 2)
        _ = inbound.ended(.first, .finished)
        inbound.removeFinished()
        inbound.received([1], for: .first)
        _ = inbound.ended(.first, .finished)
        expect(inbound.isEmpty && inbound.ask(1, by: .first) == nil)
    }

    @Test func demandWithoutLimitDoesNotOverflow() {
        var inbound = Inbound()
        inbound.subscribe(.first, to: RecordingUpstream(), window: nil)
        expect(inbound.ask(.max, by: .first) != nil)
        expect(inbound.ask(.max, by: .first) == nil, "It has asked for all that it may")
        inbound.received([1, 2], for: .first)
        guard case .ask(2) = inbound.ask(.max, by: .first)?.content else {
            Issue.record("What was delivered can be asked for again")
            return
        }
    }
}
