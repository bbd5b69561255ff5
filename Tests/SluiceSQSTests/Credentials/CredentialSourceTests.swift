import ConnectorTesting
import SinkTesting
import SluiceSinks
import Testing

@testable import SluiceSQS

@Suite struct CredentialSourceTests {
    private func choose(
        _ environment: [String: String] = [:],
        config: String? = nil,
        credentials: String? = nil,
        token: String? = nil
    ) throws(SinkError) -> CredentialSource {
        let environment = environment.merging(["HOME": "/home/me"]) { old, _ in old }
        func read(_ path: String) -> String? {
            switch path {
            case "/home/me/.aws/config": config
            case "/home/me/.aws/credentials", "/elsewhere": credentials
            case "/token": token
            default: nil
            }
        }
        let files = try AWSFiles(environment: environment, readFile: read)
        return try CredentialSource.choose(environment: environment, files: files, readFile: read)
    }

    private func known(_ id: String, _ secret: String, _ token: String? = nil) -> CredentialSource {
        .known(AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token))
    }

    @Test func theEnvironmentGoesFirst() async throws {
        let keys = ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_PROFILE": "x"]
        #expect(try choose(keys, config: "[profile x]\nregion=y") == known("a", "b"))
        #expect(try choose(keys.merging(["AWS_SESSION_TOKEN": "c"]) { old, _ in old }) == known("a", "b", "c"))
        await expectFailure(.notAuthorized, "AWS_SECRET_ACCESS_KEY is not") { try choose(["AWS_ACCESS_KEY_ID": "a"]) }
    }

    @Test func aProfileHasKeys() async throws {
        let file = """
            [default]
            aws_access_key_id = a
            aws_secret_access_key = b
            [x]
            aws_access_key_id = c
            aws_secret_access_key = d
            aws_session_token = e
            """
        #expect(try choose(credentials: file) == known("a", "b"))
        #expect(try choose(["AWS_PROFILE": "x"], credentials: file) == known("c", "d", "e"))
        #expect(try choose(["AWS_SHARED_CREDENTIALS_FILE": "/elsewhere"], credentials: file) == known("a", "b"))
        #expect(try choose(config: "[default]\naws_access_key_id=f\naws_secret_access_key=g") == known("f", "g"))
        await expectFailure(.notAuthorized, "AWS_PROFILE", "nobody") {
            try choose(["AWS_PROFILE": "nobody"], credentials: file)
        }
        await expectFailure(.notAuthorized, "aws_secret_access_key") {
            try choose(credentials: "[default]\naws_access_key_id=a")
        }
    }

    @Test func aProfileNamesAProgram() throws {
        let config = "[profile x]\ncredential_process = /bin/keys --for me"
        #expect(try choose(["AWS_PROFILE": "x"], config: config) == .process(command: "/bin/keys --for me"))
    }

    @Test(arguments: ["role_arn", "sso_session", "sso_start_url", "web_identity_token_file", "login_session"])
    func refusesWhatItCannotDo(_ setting: String) async {
        let config = "[default]\n\(setting) = x\naws_access_key_id = a\naws_secret_access_key = b"
        await expectFailure(.unsupported, "default", "credential_process") { try choose(config: config) }
    }

    @Test func refusesWebIdentities() async {
        await expectFailure(.unsupported, "AWS_WEB_IDENTITY_TOKEN_FILE") {
            try choose(["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"])
        }
    }

    @Test func aContainerHasAnAddress() async throws {
        #expect(
            try choose(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"])
                == .container(url: "http://169.254.170.2/v2/x", token: nil)
        )
        let full = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"]
        #expect(try choose(full) == .container(url: "http://169.254.170.23/v1/credentials", token: nil))
        var with = full
        with["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Bearer a"
        #expect(try choose(with) == .container(url: "http://169.254.170.23/v1/credentials", token: "Bearer a"))
        with["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token"
        #expect(try choose(with, token: "b") == .container(url: "http://169.254.170.23/v1/credentials", token: "b"))
        await expectFailure(.notAuthorized, "/token", "unreadable") { try choose(with) }
        await expectFailure(.notAuthorized, "one line", without: ["evil"]) { try choose(with, token: "b\r\nx: evil") }
    }

    @Test(arguments: [
        ("http://169.254.170.2/x", true), ("http://127.0.0.1:80/x", true), ("http://localhost/x", true),
        ("http://[::1]/x", true), ("http://[fd00:ec2::23]/x", true), ("https://keys.test/x", true),
        ("http://keys.test/x", false), ("http://169.254.169.254/x", false), ("ftp://127.0.0.1/x", false),
    ])
    func onlyTheMachineItselfMayAnswerInTheClear(_ url: String, isAllowed: Bool) {
        let source = try? choose(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])
        #expect(source == (isAllowed ? .container(url: url, token: nil) : nil))
    }

    @Test func anInstanceIsTheLastResort() async throws {
        #expect(try choose() == .instance(url: "http://169.254.169.254"))
        #expect(try choose(config: "[default]\nregion = x") == .instance(url: "http://169.254.169.254"))
        #expect(
            try choose(["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"]) == .instance(url: "http://[fd00:ec2::254]")
        )
        #expect(try choose(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://x"]) == .instance(url: "http://x"))
        await expectFailure(.notAuthorized, "AWS_ACCESS_KEY_ID", "AWS_PROFILE") {
            try choose(["AWS_EC2_METADATA_DISABLED": "true"])
        }
    }
}
