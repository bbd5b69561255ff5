import NATSTesting
import SluiceNATS
import SluicePipelines
import SluicePipelinesTesting
import SluiceTesting
import Testing

/// The rules of sources, against a real server, whose connections are cut: killed, it forgets what was acknowledged in the
/// last moments, and delivers that again.
@Suite(.timeLimit(.minutes(5))) struct SourceConformanceTests {
    @Test func keepsTheRulesOfSources() async throws {
        let server = try NATSServer()
        let client = try await NATSClient.connect(server.url)
        try await client.createStream("S", subjects: ["s"])
        let proxy = try FaultProxy(to: server.port)
        var options = NATSSource.Options()
        options.ackWait = .seconds(1)
        options.onFailure = .nak()
        try await checkSource(interrupt: { proxy.cut() }) { [options] in
            try NATSSource("nats://127.0.0.1:\(proxy.port)", stream: "S", durable: "d", options: options)
        } publish: { texts in
            try await client.publish(texts.map { ("s", $0) })
        } text: {
            String(decoding: $0.body, as: UTF8.self)
        }
    }
}
