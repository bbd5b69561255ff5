import SinkTesting
import SluiceSinks
import Testing

@testable import SluiceNATS

@Suite struct NATSAddressTests {
    @Test(arguments: [
        ("nats://localhost", ["localhost:4222"]), ("nats://a:1,b,[::1]:3", ["a:1", "b:4222", "[::1]:3"]),
        ("NATS://[::1]/orders", ["[::1]:4222"]), ("tls://10.0.0.1:4443", ["10.0.0.1:4443"]),
    ])
    func readsServers(_ text: String, _ hosts: [String]) throws {
        #expect(try NATSAddress(text).hosts == hosts)
    }

    @Test func readsNamesAndPasswordsAndTokens() throws {
        guard case .user("a@b", "p:/w%") = try NATSAddress("nats://a%40b:p%3A%2Fw%25@h").login else {
            Issue.record("not the user")
            return
        }
        guard case .token("s3cret") = try NATSAddress("nats://s3cret@h").login else {
            Issue.record("not the token")
            return
        }
        let address = try NATSAddress("nats://me:hidden@h:1/A?credentials=%2Ftmp%2Fc")
        #expect(address.path == "A" && address.credentials == "/tmp/c")
        #expect(address.name == "nats://h:1" && !address.isSecure)
    }

    @Test func filesForTLSAskForIt() throws {
        let address = try NATSAddress("nats://h?tls.ca=ca.pem&tls.cert=c.pem&tls.key=k.pem")
        #expect(address.isSecure && address.name == "tls://h:4222")
        #expect(address.certificateAuthority == "ca.pem" && address.certificate == "c.pem" && address.key == "k.pem")
    }

    @Test(arguments: [
        "", "localhost:4222", "http://h", "nats://", "nats://h:0", "nats://h:70000", "nats://h,,g", "nats://a@b@c",
        "nats://:hidden@h", "nats://me:hid%zz@h", "nats://me:hidden@h?tls.cert=a", "nats://me:hidden@h?nothing=1",
        "nats://h:p/x%1", "nats://me:@h",
    ])
    func refusesWhatIsNoAddress(_ text: String) async {
        await expectFailure(.badURL, "nats", without: ["hidden"]) { try NATSAddress(text) }
    }
}
