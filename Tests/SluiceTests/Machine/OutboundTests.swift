import Testing

@testable import Sluice

@Suite struct OutboundTests {
    @Test func theRightIsTakenOnceAndWorkForItsHolderIsLeft() throws {
        var outbound = Outbound()
        outbound.note(.subscribed(.first, RecordingDownstream()))
        let first = try require(outbound.takeRight())
        expect(first.notices.count == 1)
        outbound.note(.asked(5, .first))
        expect(outbound.takeRight() == nil)
        expect(outbound.hasNotices && !outbound.hasUnattendedNotices)
        let second = try require(outbound.delivered(leaving: first.events, capacity: 0, wasFinal: false))
        expect(second.notices.count == 1)
        expect(outbound.delivered(leaving: second.events, capacity: 5, wasFinal: false) == nil)
        expect(outbound.need == 5)
        outbound.emit([1])
        expect(outbound.takeRight() != nil)
    }

    @Test func whatIsInTheHoldersHandsCountsAsHeld() throws {
        var outbound = Outbound()
        outbound.note(.asked(3, .first))
        let notices = try require(outbound.takeRight())
        expect(outbound.delivered(leaving: notices.events, capacity: 3, wasFinal: false) == nil)
        outbound.emit([1, 2, 3])
        expect(outbound.takeRight() != nil)
        expect(outbound.held == 3 && outbound.need == 0)
    }

    @Test("W1: what is left goes before what was emitted meanwhile") func leftoversGoFirst() throws {
        var outbound = Outbound()
        outbound.note(.asked(1, .first))
        let notices = try require(outbound.takeRight())
        outbound.emit([1, 2])
        var delivery = try require(outbound.delivered(leaving: notices.events, capacity: 1, wasFinal: false))
        outbound.emit([3])
        _ = delivery.events.removeFirst(1)
        expect(outbound.delivered(leaving: delivery.events, capacity: 0, wasFinal: false) == nil)
        outbound.note(.asked(2, .first))
        var rest = try require(outbound.takeRight())
        expect(rest.events.removeFirst(5) == [2, 3])
    }

    @Test func theEndIsToldOnceAndAfterEverythingElse() throws {
        var outbound = Outbound()
        outbound.emit([1])
        outbound.finish()
        expect(outbound.takeRight() == nil, "Nobody wants what is held")
        outbound.note(.asked(1, .first))
        var delivery = try require(outbound.takeRight())
        expect(!delivery.isFinal)
        _ = delivery.events.removeFirst(1)
        let last = try require(outbound.delivered(leaving: delivery.events, capacity: 0, wasFinal: false))
        expect(last.isFinal)
        expect(outbound.delivered(leaving: last.events, capacity: 0, wasFinal: true) == nil)
        expect(outbound.takeRight() == nil)
        outbound.note(.subscribed(.second, RecordingDownstream()))
        expect(outbound.takeRight()?.isFinal == true, "A late subscription is told at once")
    }
}
