import SinkTesting
import SluiceSinks
import Testing

@testable import SluiceRabbitMQ

@Suite struct BrokerAddressTests {
    @Test func readsAURL() throws {
        let address = try BrokerAddress("amqps://us%2Fer:p%40ss:w@Example.org:1234/my%20shop")
        #expect(address.isSecure && address.user == "us/er" && address.password == "p@ss:w")
        #expect(address.host == "Example.org" && address.port == 1234 && address.virtualHost == "my shop")
        #expect(address.name == "amqps://Example.org:1234/my shop")
    }

    @Test(arguments: [
        ("amqp://localhost", 5672, "localhost", "/"), ("AMQPS://localhost/", 5671, "localhost", "/"),
        ("amqp://[::1]:7/%2F", 7, "::1", "/"), ("amqp://[::1]/a", 5672, "::1", "a"),
    ])
    func hasDefaults(_ url: String, _ port: Int, _ host: String, _ virtualHost: String) throws {
        let address = try BrokerAddress(url[...])
        #expect(address.user == "guest" && address.password == "guest")
        #expect(address.port == port && address.host == host && address.virtualHost == virtualHost)
    }

    @Test(arguments: [
        "", "localhost", "http://localhost", "amqp://", "amqp://u:hidden@", "amqp://u:hidden@h:0/",
        "amqp://u:hidden@h:x",
        "amqp://u:hidden@h/a/b", "amqp://u:hidden%@h", "amqp://u:hidden%00@h", "amqp://:hidden@h", "amqp://u:hidden?@h",
        "amqp://u:hidden@h:99999",
    ])
    func refusesWhatIsNone(_ url: String) async {
        await expectFailure(.badURL, "amqp://USER:PASSWORD@HOST:PORT/VHOST", without: ["hidden"]) {
            try BrokerAddress(url[...])
        }
    }
}

@Suite struct BrokerRefusalTests {
    @Test(arguments: [
        (403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.", SinkError.Code.notAuthorized),
        (404, "NOT_FOUND - no queue 'q' in vhost '/'", .missing),
        (404, "NOT_FOUND - home node 'r' of durable queue 'q' in vhost '/' is down or inaccessible", .unavailable),
        (405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q'", .inUse),
        (406, "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q'", .badOption),
        (530, "NOT_ALLOWED - vhost nope not found", .missing),
        (530, "NOT_ALLOWED - access to vhost '/' refused for user 'u'", .notAuthorized),
        (530, "NOT_ALLOWED - access to vhost '/' refused for user 'u': connection limit (1) is reached", .unavailable),
        (540, "NOT_IMPLEMENTED - queue type", .unsupported), (320, "CONNECTION_FORCED - shutdown", .unavailable),
        (541, "INTERNAL_ERROR", .unavailable),
    ])
    func whatItMeans(_ code: UInt16, _ text: String, _ meaning: SinkError.Code) {
        let error = BrokerRefusal(code: code, text: text).error(from: "The broker")
        #expect(error.code == meaning && error.message.contains(text))
    }
}
