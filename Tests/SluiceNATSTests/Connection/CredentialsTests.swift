import ConnectorTesting
import Foundation
import NATSTesting
import SinkTesting
import SluicePipelines
import SluiceSinks
import Testing

@testable import SluiceNATS

/// Credentials files, with a server that lets in whom its operator's accounts have signed.
@Suite(.timeLimit(.minutes(5))) struct CredentialsTests {
    private struct Trial {
        let server: NATSServer
        private let account = NKey(.account)

        init() throws {
            // JetStream wants an account for the system itself.
            let (owner, system) = (NKey(.owner), NKey(.account))
            let common = ["subs", "data", "payload", "conn", "leaf", "imports", "exports"]
            let storage = ["mem_storage", "disk_storage", "streams", "consumer"]
            func claims(_ unlimited: [String]) -> String {
                let limits = unlimited.map { "\"\($0)\":-1," }.joined() + #""wildcards":true"#
                let permissions = #"{"pub":{},"sub":{}}"#
                return #"{"limits":{\#(limits)},"default_permissions":\#(permissions),"type":"account","version":2}"#
            }
            server = try NATSServer(
                more: """
                    operator: "\(owner.signed(#"{"type":"operator","version":2}"#, about: owner))"
                    system_account: \(system.name)
                    resolver: MEMORY
                    resolver_preload: {
                        \(system.name): "\(owner.signed(claims(common), about: system))"
                        \(account.name): "\(owner.signed(claims(common + storage), about: account))"
                    }
                    """
            )
        }

        /// Writes a credentials file.
        ///
        /// - Parameter isTheirs: Whether the seed is that of the user of whom the claims are.
        func file(_ name: String, isTheirs: Bool = true) throws -> String {
            let user = NKey(.user)
            let claims = #"{"pub":{},"sub":{},"subs":-1,"data":-1,"payload":-1,"type":"user","version":2}"#
            let path = "\(server.folder)/\(name).creds"
            try """
            -----BEGIN NATS USER JWT-----
            \(account.signed(claims, about: user))
            ------END NATS USER JWT------

            -----BEGIN USER NKEY SEED-----
            \((isTheirs ? user : NKey(.user)).seed)
            ------END USER NKEY SEED------

            """.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
    }

    @Test func whoIsSignedGetsIn() async throws {
        let trial = try Trial()
        let file = try trial.file("right")
        let client = try await NATSClient.connect(trial.server.url, credentials: file)
        try await client.createStream("S", subjects: ["s"])
        let sink = try NATSSinkURL("\(trial.server.url)/s?credentials=\(file)").makeSink()
        _ = try await sink.open(for: shop, remembered: nil)
        _ = try await sink.send([message(1, key: "a")])
        await sink.close()
        var source = try NATSSource("\(trial.server.url)?credentials=\(file)", stream: "S", durable: "d")
        #expect(try await source.handleDemand(1)?.map(\.text) == ["{\"record\":{\"id\":1}}"])
    }

    @Test func whoIsNotSignedIsToldSo() async throws {
        let trial = try Trial()
        let wrong = try trial.file("wrong", isTheirs: false)
        _ = try await NATSClient.connect(trial.server.url, credentials: trial.file("right"))
        for options in ["?credentials=\(wrong)", ""] {
            var source = try NATSSource("\(trial.server.url)\(options)", stream: "S", durable: "d")
            await expectFailure(.notAuthorized, "credentials") { _ = try await source.handleDemand(1) }
        }
    }

    @Test func aFileThatIsNotThereIsNamed() async throws {
        let server = try NATSServer()
        _ = try await NATSClient.connect(server.url)
        var source = try NATSSource("\(server.url)?credentials=/nowhere/x.creds", stream: "S", durable: "d")
        await expectFailure(.badURL, "credentials", "/nowhere/x.creds") { _ = try await source.handleDemand(1) }
    }
}
