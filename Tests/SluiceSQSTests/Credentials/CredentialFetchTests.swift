import ConnectorTesting
import FoundationEssentials
import SinkTesting
import SluiceHTTP
import SluiceSinks
import Testing

@testable import SluiceSQS

/// The providers that are services, against servers of the test that speak the documented protocols.
@Suite struct CredentialFetchTests {
    private let http = HTTPService(connections: 1, timeout: .seconds(10))

    private func fetch(_ source: CredentialSource) async throws -> AWSCredentials {
        try await CredentialFetch(http: http).credentials(from: source)
    }

    private static let document = """
        {"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC","AccessKeyId":"ASIA1","SecretAccessKey":"s1",
        "Token":"t1","Expiration":"2026-01-01T06:00:00Z","RoleArn":"arn:aws:iam::1:role/x"}
        """
    private static let credentials = AWSCredentials(
        accessKeyID: "ASIA1",
        secretAccessKey: "s1",
        sessionToken: "t1",
        expiration: Date(timeIntervalSince1970: 1_767_247_200)
    )

    @Test func aContainerAnswers() async throws {
        let server = try await HTTPTestServer.start { request in
            request.header("authorization") == "Bearer a" ? .init(200, Self.document) : .init(401)
        }
        let url = "http://127.0.0.1:\(server.port)/v1/credentials"
        #expect(try await fetch(.container(url: url, token: "Bearer a")) == Self.credentials)
        #expect(server.requests.map(\.method) == ["GET"])
        #expect(server.requests[0].path == "/v1/credentials")
        await expectFailure(.notAuthorized, "container", "401") { try await fetch(.container(url: url, token: nil)) }
        try await server.stop()
        await expectFailure(.notAuthorized, "does not answer") {
            try await CredentialFetch(http: HTTPService(connections: 1, timeout: .seconds(10)))
                .credentials(from: .container(url: url, token: nil))
        }
    }

    @Test func anInstanceAnswersInTheSecondVersionOfItsProtocol() async throws {
        let server = try await HTTPTestServer.start { request in
            switch (request.method, request.path) {
            case ("PUT", "/latest/api/token") where request.header("x-aws-ec2-metadata-token-ttl-seconds") == "21600":
                .init(200, "the-token")
            case ("GET", _) where request.header("x-aws-ec2-metadata-token") != "the-token": .init(401)
            case ("GET", "/latest/meta-data/iam/security-credentials/"): .init(200, "my-role")
            case ("GET", "/latest/meta-data/iam/security-credentials/my-role"): .init(200, Self.document)
            default: .init(404)
            }
        }
        #expect(try await fetch(.instance(url: "http://127.0.0.1:\(server.port)/")) == Self.credentials)
        #expect(server.requests.count == 3)
        try await server.stop()
    }

    @Test func anInstanceWithoutARoleHasNone() async throws {
        let server = try await HTTPTestServer.start { $0.method == "PUT" ? .init(200, "x") : .init(404) }
        await expectFailure(.notAuthorized, "role", "404") {
            try await fetch(.instance(url: "http://127.0.0.1:\(server.port)"))
        }
        try await server.stop()
        await expectFailure(.notAuthorized, "There are no AWS credentials", "AWS_PROFILE") {
            try await fetch(.instance(url: "http://127.0.0.1:\(server.port)"))
        }
    }

    @Test func aProgramWrites() async throws {
        let json =
            #"{"Version":1,"AccessKeyId":"a b","SecretAccessKey":"c","SessionToken":"d","Expiration":"2026-01-01T06:00:00+00:00"}"#
        let expected = AWSCredentials(
            accessKeyID: "a b",
            secretAccessKey: "c",
            sessionToken: "d",
            expiration: Date(timeIntervalSince1970: 1_767_247_200)
        )
        #expect(try await fetch(.process(command: "printf '%s' '\(json)'")) == expected)
        #expect(
            try await fetch(.process(command: #"echo '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b"}'"#))
                == AWSCredentials(accessKeyID: "a", secretAccessKey: "b")
        )
        await expectFailure(.notAuthorized, "version 1") {
            try await fetch(.process(command: #"echo '{"Version":2,"AccessKeyId":"a","SecretAccessKey":"b"}'"#))
        }
        await expectFailure(.notAuthorized, "status 3", without: ["secret"]) {
            try await fetch(.process(command: "echo secret; exit 3"))
        }
        await expectFailure(.notAuthorized, "not credentials", without: ["secret"]) {
            try await fetch(.process(command: "echo secret"))
        }
    }

    @Test(arguments: [
        (#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"x"}"#, "AssumeRoleUnauthorizedAccess"),
        (#"{"AccessKeyId":"a"}"#, "SecretAccessKey"),
        (#"{"AccessKeyId":"a","SecretAccessKey":"hid","Expiration":"soon"}"#, "ISO 8601"),
    ])
    func saysWhatIsWrong(_ document: String, words: String) async {
        await expectFailure(.notAuthorized, "They", words, without: ["hid"]) {
            try AWSCredentials(document: Array(document.utf8), from: "They")
        }
    }

    @Test(arguments: ["2026-01-01T06:00:00Z", "2026-01-01T06:00:00.000Z", "2026-01-01T06:00:00+00:00"])
    func readsTimesAsTheyAreWritten(_ text: String) throws {
        let document = #"{"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"\#(text)"}"#
        let credentials = try AWSCredentials(document: Array(document.utf8), from: "They")
        #expect(credentials.expiration == Date(timeIntervalSince1970: 1_767_247_200))
    }
}
