import Testing

@testable import Sluice

@Suite struct OutletTests {
    @Test("H2: asks and leavings of a subscription that does not exist are ignored") func unknownSubscription() {
        var outlet = Outlet(dispatcher: DemandCore(), discardHook: nil)
        outlet.delivery.notices = ShortQueue(.asked(5, .first))
        outlet.delivery.notices.append(.cancelled(.first, because: nil))
        let fault = outlet.deliver()
        expect(fault == nil)
        expect(outlet.report.capacity == 0 && outlet.report.subscriptions == 0)
        expect(outlet.ledgers.isEmpty)
    }
}
