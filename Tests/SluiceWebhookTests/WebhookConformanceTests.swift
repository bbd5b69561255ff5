import ConnectorTesting
import SluiceSinksTesting
import Synchronization
import Testing

@testable import SluiceWebhook

/// The rules of keyed sinks, against an HTTP server of the test.
@Suite struct WebhookConformanceTests {
    @Test(arguments: [true, false]) func keepsTheRulesOfSinks(isBatched: Bool) async throws {
        let taken = Mutex<[String]>([])
        let server = try await HTTPTestServer.start { request in
            guard !request.body.contains("poison") else { return .init(500) }
            let bodies = request.body.matches(of: /\{"n":\d+,"text":"(?:[^"\\]|\\.)*"\}/).map { String($0.output) }
            taken.withLock { $0 += bodies }
            return .init(200)
        }
        try await checkSink(poison: "poison") {
            try WebhookURL("http://127.0.0.1:\(server.port)/hook#batch=\(isBatched)", environment: [:]).makeSink()
        } bodies: {
            taken.withLock { $0 }
        }
        try await server.stop()
    }
}
