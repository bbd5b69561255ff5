import ConnectorTesting
import NATSTesting
import SinkTesting
import SluicePipelines
import SluiceSinks
import Testing

@testable import SluiceNATS

/// Connections with TLS to a real server, whose certificate is that of `localhost`.
@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    /// A server, with the files of its certificate and of a client's.
    private struct Trial {
        let server: NATSServer
        let own: TestCertificate
        let client: TestCertificate

        /// - Parameter more: What else the server is to want.
        init(_ more: String = "") async throws {
            server = try NATSServer()
            own = try TestCertificate(for: "localhost", in: server.folder)
            client = try TestCertificate(for: "client", in: server.folder)
            // The client of the test has no TLS.
            try await NATSClient.connect(server.url).createStream("S", subjects: ["s"])
            server.kill()
            let files = ["cert_file": own.certificate, "key_file": own.key, "ca_file": client.certificate]
            try server.start(more: "tls { \(files.map { "\($0): \"\($1)\", " }.joined()) \(more) }")
            // A sink that is opened does not wait for its server; the log has a first start already.
            try await wait { [server] in server.log.split(separator: "Server is ready").count == 3 }
        }

        /// Looks for a stream that is not there.
        func take(_ url: String) async throws {
            var source = try NATSSource(url, stream: "NONE", durable: "d")
            _ = try await source.handleDemand(1)
        }
    }

    @Test func aMessageGoesThroughTheSinkAndTheSource() async throws {
        let trial = try await Trial()
        let url = "tls://localhost:\(trial.server.port)"
        let sink = try NATSSinkURL("\(url)/s?tls.ca=\(trial.own.certificate)").makeSink()
        _ = try await sink.open(for: shop, remembered: nil)
        let results = try await sink.send([message(1, key: "a")])
        #expect(results.count == 1 && results.allSatisfy { if case .durable = $0 { true } else { false } })
        await sink.close()
        var source = try NATSSource("\(url)?tls.ca=\(trial.own.certificate)", stream: "S", durable: "d")
        let messages = try await source.handleDemand(1)
        #expect(messages?.map(\.text) == ["{\"record\":{\"id\":1}}"])
        try await messages?.first?.acknowledge()
    }

    @Test(arguments: [("localhost", false, "self-signed"), ("127.0.0.1", true, "address mismatch")])
    func aServerWithAnotherCertificateIsRefused(_ host: String, isTrusted: Bool, _ reason: String) async throws {
        let trial = try await Trial()
        let options = isTrusted ? "?tls.ca=\(trial.own.certificate)" : ""
        await expectFailure(.notAuthorized, reason, "tls.ca") {
            try await trial.take("tls://\(host):\(trial.server.port)\(options)")
        }
    }

    @Test func aServerThatWantsACertificateGetsIt() async throws {
        let trial = try await Trial("verify: true")
        let url = "tls://localhost:\(trial.server.port)?tls.ca=\(trial.own.certificate)"
        // A source would try again, for ever.
        await expectFailure(.unavailable, "tls.cert") {
            try await NATSSinkURL(url.replacing("?", with: "/s?")).makeSink().open(for: shop, remembered: nil)
        }
        // The library begins with TLS if the server asks for it.
        await expectFailure(.notAuthorized, "tls.ca") { try await trial.take("nats://localhost:\(trial.server.port)") }
        let identity = "&tls.cert=\(trial.client.certificate)&tls.key=\(trial.client.key)"
        await expectFailure(.missing, "stream NONE") { try await trial.take(url + identity) }
    }

    @Test(arguments: ["tls.ca", "tls.cert"]) func aFileThatIsNotThereIsNamed(_ option: String) async throws {
        let trial = try await Trial()
        let other = option == "tls.cert" ? "&tls.key=/nowhere/key.pem" : ""
        await expectFailure(.badURL, option) {
            try await trial.take("tls://localhost:\(trial.server.port)?\(option)=/nowhere/file.pem\(other)")
        }
    }
}
