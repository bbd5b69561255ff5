import Testing

@testable import SluiceNATS

@Suite struct AcknowledgementSubjectTests {
    private static let metadata = [
        "Stream": "ORDERS", "Consumer": "shipping", "NumDelivered": "2", "Sequence.Stream": "17",
        "Sequence.Consumer": "20", "Timestamp": "1700000000000000001", "NumPending": "3",
    ]

    @Test func readsTheNinePartsOfToday() {
        let subject = AcknowledgementSubject("$JS.ACK.ORDERS.shipping.2.17.20.1700000000000000001.3")
        #expect(subject?.metadata == Self.metadata)
    }

    @Test(arguments: [("_", nil), ("hub", "hub")])
    func readsThoseWithDomainAndAccount(_ domain: String, _ expected: String?) {
        let reply = "$JS.ACK.\(domain).ACCOUNT.ORDERS.shipping.2.17.20.1700000000000000001.3.random"
        var metadata = Self.metadata
        metadata["Domain"] = expected
        #expect(AcknowledgementSubject(reply)?.metadata == metadata)
    }

    @Test(arguments: ["", "_INBOX.a.1", "$JS.ACK.ORDERS.shipping.2.17.20", "$JS.FC.a.b"])
    func refusesOthers(_ reply: String) {
        #expect(AcknowledgementSubject(reply) == nil)
    }
}
