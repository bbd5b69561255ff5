import Testing

@testable import Sluice

/// The emitting half, and who takes its delivery right.
private struct Holder: ~Copyable {
    var outbound = Outbound()
    var delivery = Outbound.Delivery()

    /// Takes the right, if it is free and there is work, and the work.
    mutating func take() -> Bool {
        guard outbound.takeRight() else { return false }
        outbound.fill(&delivery)
        return true
    }

    /// Does the work in hand with a dispatcher that places this many events and could then place `capacity` more.
    mutating func deliver(_ count: Int = 0, capacity: Int) -> Bool {
        delivery.notices = ShortQueue()
        _ = delivery.events.removeFirst(count)
        let report = Outbound.Report(capacity: capacity, subscriptions: 1, isFinished: delivery.isEnding)
        return outbound.delivered(&delivery, report)
    }
}

@Suite struct OutboundTests {
    @Test func theRightIsTakenOnceAndWorkForItsHolderIsLeft() {
        var holder = Holder()
        holder.outbound.note(.subscribed(.first, RecordingDownstream(), SubscriptionRequest(options: ())))
        expect(holder.take() && holder.delivery.notices.count == 1)
        holder.outbound.note(.asked(5, .first))
        expect(!holder.take())
        expect(holder.outbound.hasNotices && !holder.outbound.hasUnattendedNotices)
        expect(holder.deliver(capacity: 0) && holder.delivery.notices.count == 1)
        expect(!holder.deliver(capacity: 5))
        expect(holder.outbound.need == 5)
        holder.outbound.emit([1])
        expect(holder.take())
    }

    @Test func whatIsInTheHoldersHandsCountsAsHeld() {
        var holder = Holder()
        holder.outbound.note(.asked(3, .first))
        expect(holder.take() && !holder.deliver(capacity: 3))
        holder.outbound.emit([1, 2, 3])
        expect(holder.take())
        expect(holder.outbound.held == 3 && holder.outbound.need == 0)
    }

    @Test("W1: what is left goes before what was emitted meanwhile") func leftoversGoFirst() {
        var holder = Holder()
        holder.outbound.note(.asked(1, .first))
        expect(holder.take())
        holder.outbound.emit([1, 2])
        expect(holder.deliver(capacity: 1))
        holder.outbound.emit([3])
        expect(!holder.deliver(1, capacity: 0))
        holder.outbound.note(.asked(2, .first))
        expect(holder.take() && holder.delivery.events == [2, 3])
    }

    @Test func theEndIsToldOnceAndAfterEverythingElse() {
        var holder = Holder()
        holder.outbound.emit([1])
        holder.outbound.finish(.finished)
        expect(!holder.take(), "Nobody wants what is held")
        holder.outbound.note(.asked(1, .first))
        expect(holder.take() && !holder.delivery.isEnding)
        expect(holder.deliver(1, capacity: 0) && holder.delivery.isEnding)
        expect(!holder.deliver(capacity: 0))
        expect(!holder.take())
        holder.outbound.note(.subscribed(.second, RecordingDownstream(), SubscriptionRequest(options: ())))
        expect(holder.take() && holder.delivery.isEnding, "A late subscription is told at once")
    }
}
