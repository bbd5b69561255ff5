import ConnectorTesting
import SinkTesting
import SluiceHTTP
import SluiceSinks
import Testing

@testable import SluiceSQS

@Suite struct SQSSettingsTests {
    private static let queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo"

    @Test func readsQueueAndOptions() throws {
        let settings = try SQSSettings("sqs:\(Self.queue)?region=x-y-1&max_bytes=262144&concurrency=3&timeout=5")
        #expect(settings.queue.url == Self.queue)
        #expect(settings.queue.name == "orders.fifo")
        #expect(settings.queue.isFIFO)
        #expect(settings.region == "x-y-1")
        #expect(settings.maxBytes == 262_144)
        #expect(settings.concurrency == 3)
        #expect(settings.timeout == .seconds(5))
        let plain = try SQSSettings("SQS:http://127.0.0.1:4566/000000000000/orders")
        #expect(!plain.queue.isFIFO)
        #expect(plain.region == nil && plain.maxBytes == nil && plain.concurrency == 8 && plain.timeout == .seconds(30))
    }

    @Test(arguments: [
        ("sqs:", "needs the URL"), ("sqs:orders", "needs the URL"),
        ("sqs:https://sqs.eu-west-1.amazonaws.com/", "needs"),
        ("sqs:https://me:pw@sqs.eu-west-1.amazonaws.com/1/q", "needs"), ("sqs:https://h/1/q#x", "needs"),
        ("sqs:https://h/1/q?colour=red", "no option colour"), ("sqs:https://h/1/q?timeout=0", "1 to 300"),
        ("sqs:https://h/1/q?timeout=5&timeout=6", "twice"), ("sqs:https://h/1/q?timeout", "name=value"),
        ("sqs:https://h:99999/1/q", "needs"), ("kafka:x", "begins with sqs:"),
    ])
    func refusesWhatIsNoQueue(_ text: String, words: String) async {
        await expectFailure(.badURL, words, without: ["pw"]) { try SQSSettings(text) }
    }

    @Test(arguments: [
        ("sqs.eu-west-1.amazonaws.com", "eu-west-1"), ("sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("sqs-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"), ("sqs.eu-central-1.api.aws", "eu-central-1"),
        ("eu-west-2.queue.amazonaws.com", "eu-west-2"), ("queue.amazonaws.com", "us-east-1"),
        ("vpce-0123-abc.sqs.us-east-2.vpce.amazonaws.com", "us-east-2"), ("localhost:4566", nil),
        ("s3.eu-west-1.amazonaws.com", nil), ("amazonaws.com", nil),
    ])
    func findsTheRegion(_ host: String, region: String?) throws {
        #expect(try QueueAddress("https://\(host)/1/q").region == region)
    }

    private func endpoint(
        _ text: String,
        _ environment: [String: String] = [:],
        config: String = ""
    ) throws(SinkError) -> SQSEndpoint {
        let environment = environment.merging(["AWS_CONFIG_FILE": "/config"]) { old, _ in old }
        let files = try AWSFiles(environment: environment) { $0 == "/config" ? config : nil }
        let settings = try SQSSettings(text)
        return try SQSEndpoint(
            of: settings.queue,
            region: settings.region,
            environment: environment,
            files: files
        )
    }

    @Test func theRegionComesFromTheNearestPlace() async throws {
        let config = "[default]\nregion = a\n[profile b]\nregion = c\n"
        let local = "sqs:http://localhost:4566/1/q"
        #expect(try endpoint(local, config: config).region == "a")
        #expect(try endpoint(local, ["AWS_PROFILE": "b"], config: config).region == "c")
        #expect(try endpoint(local, ["AWS_DEFAULT_REGION": "d"], config: config).region == "d")
        #expect(try endpoint(local, ["AWS_DEFAULT_REGION": "d", "AWS_REGION": "e"], config: config).region == "e")
        #expect(try endpoint("sqs:\(Self.queue)", ["AWS_REGION": "e"]).region == "eu-west-1")
        #expect(try endpoint("sqs:\(Self.queue)?region=f", ["AWS_REGION": "e"]).region == "f")
        await expectFailure(.badURL, "AWS_REGION", "?region=") { try endpoint(local) }
    }

    @Test func theEndpointComesFromTheNearestPlace() async throws {
        let text = "sqs:\(Self.queue)"
        let config = """
            [default]
            endpoint_url = http://all.test
            [profile one]
            endpoint_url = http://all.test
            services = mine
            [services mine]
            s3 =
              endpoint_url = http://s3.test
            sqs =
              endpoint_url = http://one.test:81/base
            """
        #expect(try endpoint(text).server.origin == "https://sqs.eu-west-1.amazonaws.com")
        #expect(try endpoint(text).server.path == "/")
        #expect(try endpoint(text, config: config).server.origin == "http://all.test")
        let one = try endpoint(text, ["AWS_PROFILE": "one"], config: config).server
        #expect(one.origin == "http://one.test:81" && one.path == "/base" && one.host == "one.test")
        #expect(
            try endpoint(text, ["AWS_ENDPOINT_URL": "http://e.test"], config: config).server.origin == "http://e.test"
        )
        let both = ["AWS_ENDPOINT_URL": "http://e.test", "AWS_ENDPOINT_URL_SQS": "http://s.test"]
        #expect(try endpoint(text, both, config: config).server.origin == "http://s.test")
        let ignoring = both.merging(["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) { old, _ in old }
        #expect(try endpoint(text, ignoring, config: config).server.origin == "https://sqs.eu-west-1.amazonaws.com")
        await expectFailure(.badURL, "AWS_ENDPOINT_URL") { try endpoint(text, ["AWS_ENDPOINT_URL": "nowhere"]) }
    }

    @Test func readsFilesAsTheToolsDo() throws {
        let text =
            "# a\n; b\n[default]\r\nRegion=x \n\n[profile  \"two words\"]\naws_secret_access_key = a=b#c\nq =\n  r = s\n t=u\n"
        let file = try ProfileFile(text, path: "config")
        #expect(file.sections["default"] == ["region": "x"])
        #expect(
            file.sections["profile two words"] == ["aws_secret_access_key": "a=b#c", "q": "", "q.r": "s", "q.t": "u"]
        )
    }

    @Test(arguments: ["x = y", "[a]\nsecret", "[a"]) func saysWhichLineIsNone(_ text: String) async {
        await expectFailure(.corrupt, "Line ", "config", without: ["secret"]) { try ProfileFile(text, path: "config") }
    }
}
