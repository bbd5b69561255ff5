import NATSTesting
import SluiceNATS
import SluiceSinksTesting
import Testing

/// The rules of keyed sinks, against a real server.
@Suite(.timeLimit(.minutes(5))) struct SinkConformanceTests {
    @Test func keepsTheRulesOfSinks() async throws {
        let server = try NATSServer()
        let client = try await NATSClient.connect(server.url)
        try await client.createStream("S", subjects: ["changes.>"], isInMemory: true)
        try await checkSink {
            try NATSSinkURL("\(server.url)/changes.{schema}.{table}").makeSink()
        } bodies: {
            try await client.messages(of: "S", header: "Nats-Msg-Id").map(\.body)
        }
    }
}
