import ConnectorTesting
import NATSTesting
import SluiceNATS
import SluicePipelines
import Testing

/// JetStream of another domain: the server to which the source connects has none of its own.
@Suite(.timeLimit(.minutes(5))) struct DomainTests {
    @Test func aSourceReadsAStreamBehindALeafNode() async throws {
        let port = try ServerProcess.freePort()
        let hub = try NATSServer(more: "leafnodes { listen: \"127.0.0.1:\(port)\" }", name: "hub", domain: "hub")
        let leaf = try NATSServer(
            more: "leafnodes { remotes: [ { url: \"nats-leaf://127.0.0.1:\(port)\" } ] }",
            name: "leaf",
            isJetStream: false
        )
        let client = try await NATSClient.connect(hub.url)
        try await client.createStream("S", subjects: ["s"])
        try await client.publish([("s", "a"), ("s", "b")])
        var options = NATSSource.Options()
        options.domain = "hub"
        var source = try NATSSource(leaf.url, stream: "S", durable: "d", options: options)
        var found: [String] = []
        while found.count < 2 {
            for message in try await source.handleDemand(2) ?? [] {
                found.append(message.text)
                try await message.acknowledge()
            }
        }
        #expect(found == ["a", "b"])
        try await wait { try await client.consumer("d", of: "S")?.isEmpty == true }
    }
}
