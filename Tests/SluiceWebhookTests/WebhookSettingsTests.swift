import ConnectorTesting
import SinkTesting
import SluiceHTTP
import SluicePostgres
import SluiceSinks
import Testing

@testable import SluiceWebhook

@Suite struct WebhookSettingsTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func settings(_ text: String, _ environment: [String: String] = [:]) throws(SinkError) -> WebhookSettings {
        try WebhookSettings(text, environment: environment)
    }

    @Test func hasUsualValues() throws {
        let settings = try settings("https://example.com/changes")
        #expect(settings.url == "https://example.com/changes" && settings.name == settings.url)
        #expect(settings.isBatch && settings.timeout == .seconds(30))
        #expect(settings.limits == RequestLimits(messages: 10, bytes: 1_048_576, concurrency: 8))
        #expect(settings.headers.isEmpty && settings.signature == nil)
    }

    @Test func readsOptionsFromTheFragment() throws {
        let text =
            "http://127.0.0.1:8080/x#batch_size=50&max_bytes=2000&concurrency=3&timeout=7&header.Authorization=TOKEN&header.X-A=B"
        let settings = try settings(text, ["TOKEN": "Bearer t", "B": "c"])
        #expect(settings.url == "http://127.0.0.1:8080/x")
        #expect(settings.limits == RequestLimits(messages: 50, bytes: 2000, concurrency: 3))
        #expect(settings.timeout == .seconds(7))
        #expect(settings.headers == [HTTPField("Authorization", "Bearer t"), HTTPField("X-A", "c")])
        #expect(try self.settings("https://h/x#batch=false").limits.messages == 1)
    }

    @Test func theEndpointsOwnQueryIsSentButNotShown() throws {
        let one = try settings("https://h.test/x?batch=maybe&token=hidden#batch=false")
        #expect(one.url == "https://h.test/x?batch=maybe&token=hidden")
        #expect(one.name.hasPrefix("https://h.test/x?sha256:") && !one.name.contains("hidden"))
        #expect(try settings("https://h.test/x?other").name != one.name)
        #expect(try settings("https://h.test/x?batch=maybe&token=hidden").name == one.name)
    }

    @Test(arguments: [
        ("ftp://h/x", "https://"), ("https://me:pw@h/x", "header.Authorization"),
        ("https://h/x#colour=red", "no option colour"),
        ("https://h/x#batch=1", "true or false"), ("https://h/x#batch=false&batch_size=2", "1 to 1"),
        ("https://h/x?t=pw#timeout=x", "1 to 300"), ("https://h/x#secret=NOBODY", "NOBODY is not set"),
        ("https://h/x#secret=SHORT", "24 to 64 bytes"), ("https://h/x#secret=PLAIN", "24 to 64 bytes"),
        ("https://h/x#header.Host=TOKEN", "Host cannot be set"), ("https://h/x#header.a%20b=TOKEN", "cannot be set"),
        ("https://h/x#header.X=LINES", "no header may have"), ("https://h/x#header.X=NOBODY", "NOBODY is not set"),
    ])
    func refusesWhatCannotBe(_ text: String, words: String) async {
        let environment = ["TOKEN": "t", "LINES": "a\r\nb: pw", "SHORT": "whsec_cHc=", "PLAIN": "pw"]
        await expectFailure(.badURL, words, without: ["pw", "cHc"]) { try settings(text, environment) }
    }

    /// From the tests of the reference implementation:
    /// https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/go/webhook_test.go
    @Test func signsAsTheReferenceImplementationDoes() throws {
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        for secret in [Self.secret, String(Self.secret.dropFirst("whsec_".count))] {
            let headers = try WebhookSignature(secrets: secret, variable: "S").headers(
                id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
                second: 1_614_265_330,
                body: Array("{\"test\": 2432232314}".utf8)
            )
            #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
            #expect(headers.map(\.value) == ["msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", expected])
        }
        let both = try WebhookSignature(secrets: "\(Self.secret) \(Self.secret)", variable: "S")
            .headers(id: "a", second: 1, body: [])
        #expect(both[2].value.split(separator: " ").count == 2)
    }

    @Test func theSameMessagesHaveTheSameKey() throws {
        let settings = try settings("https://h/x")
        func key(_ messages: [OutgoingMessage]) -> String? {
            settings.request(messages[...], second: 0).headers.first { $0.name == "idempotency-key" }?.value
        }
        #expect(key([message(0)]) == "\"\(message(0).cursor.idempotencyKey)\"")
        let two = key([message(0), message(1)])
        #expect(two == key([message(0), message(1)]))
        #expect(
            Set([two, key([message(1), message(0)]), key([message(0)]), key([message(0), message(1), message(2)])])
                .count == 4
        )
    }
}
