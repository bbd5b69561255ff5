import CLibRDKafka
import SinkTesting
import SluiceSinks
import Testing

@testable import SluiceKafka

@Suite struct SourceOptionTests {
    private static func settings(
        _ url: String = "kafka://b:9092/orders",
        group: String = "g",
        environment: [String: String] = [:],
        _ change: (inout KafkaSource.Options) -> Void = { _ in }
    ) throws -> SourceSettings {
        var options = KafkaSource.Options()
        change(&options)
        return try SourceSettings(url, group: group, options) { environment[$0] }
    }

    @Test func theDefaultsAreTaken() throws {
        let settings = try Self.settings("kafka://b,a:1234/orders,sales?security.protocol=plaintext")
        #expect(settings.topics == ["orders", "sales"])
        #expect(settings.kafka.name == "kafka://a:1234,b:9092/orders,sales")
        let member = Dictionary(uniqueKeysWithValues: settings.options.member(of: "g").map { ($0.name, $0.value) })
        #expect(member["group.id"] == "g" && member["enable.auto.commit"] == "false")
        #expect(member["enable.auto.offset.store"] == "false" && member["max.poll.interval.ms"] == "300000")
    }

    @Test(arguments: [
        ("http://b/orders", "kafka://HOST:PORT/TOPIC"), ("kafka://b", "names no topic"),
        ("kafka://user:secret@b/orders", "sasl.username"), ("kafka://b/{table}", "placeholders"),
        ("kafka://b/a,,b", "names no topic"), ("kafka://b/a b", "cannot exist"), ("kafka://b/t?x", "has no value"),
        ("kafka://b/t?nonsense=1", "nonsense"), ("kafka://b/t?sasl.password.env=NONE", "NONE"),
    ])
    func aURLThatCannotBeUsed(_ url: String, words: String) async {
        await expectFailure(.badURL, words, without: ["secret"]) { try Self.settings(url) }
    }

    @Test(arguments: [
        ("enable.auto.commit", "what has been handled"), ("enable.auto.offset.store", "what has been handled"),
        ("group.id", "groupID"), ("session.timeout.ms", "sessionTimeout"), ("auto.offset.reset", "autoOffsetReset"),
        ("bootstrap.servers", "hosts of the URL"), ("test.mock.num.brokers", "in memory"),
        ("transactional.id", "transactions"), ("acks", "replicas"),
    ])
    func aPropertyThatTheSourceSets(_ name: String, words: String) async {
        await expectFailure(.badOption, name, words) { try Self.settings("kafka://b/t?\(name)=1") }
        await expectFailure(.badOption, name, words) { try Self.settings { $0.properties = [name: "1"] } }
    }

    @Test func aPropertyIsGivenOnce() async throws {
        await expectFailure(.badOption, "client.id", "twice") {
            try Self.settings("kafka://b/t?client.id=a") { $0.properties = ["client.id": "b"] }
        }
        let settings = try Self.settings("kafka://b/t?client.id=a") { $0.properties = ["check.crcs": "true"] }
        #expect(settings.kafka.options.properties.map(\.name) == ["client.id", "check.crcs"])
    }

    @Test func secretsComeFromTheEnvironmentAndStayThere() async throws {
        let url =
            "kafka://b/t?security.protocol=sasl_plaintext&sasl.mechanism=PLAIN&sasl.username=u&sasl.password.env=P"
        let settings = try Self.settings(url, environment: ["P": "hidden-secret"])
        #expect(!settings.kafka.name.contains("hidden"))
        let trouble = Trouble(RD_KAFKA_RESP_ERR__AUTHENTICATION, "wrong: hidden-secret")
        let meaning = SourceFailure(settings: settings).meaning(of: trouble, isFatal: false, hasBeenAssigned: true)
        guard case .lasting(let error) = meaning else { return #expect(Bool(false), "\(meaning)") }
        #expect(error.code == .notAuthorized && !error.message.contains("hidden") && error.message.contains("\"u\""))
    }

    typealias Change = @Sendable (inout KafkaSource.Options) -> Void

    static let wrong: [(name: String, change: Change)] = [
        ("sessionTimeout", { $0.sessionTimeout = .zero }),
        ("heartbeatInterval", { $0.heartbeatInterval = .seconds(16) }),
        ("maxPollInterval", { $0.maxPollInterval = .seconds(44) }),
        ("revokeTimeout", { $0.revokeTimeout = .seconds(151) }),
        ("commitInterval", { $0.commitInterval = .zero }),
        ("maxInFlightPerPartition", { $0.maxInFlightPerPartition = 0 }), ("fetchMinBytes", { $0.fetchMinBytes = 0 }),
        ("fetchMaxWait", { $0.fetchMaxWait = .seconds(301) }), ("queuedMinMessages", { $0.queuedMinMessages = 0 }),
        ("queuedMaxMessagesKbytes", { $0.queuedMaxMessagesKbytes = 0 }),
        ("dead letters", { $0.onFailure = .deadLetter(topic: "{table}") }),
    ]

    @Test(arguments: wrong.indices) func anOptionOutOfItsRange(_ place: Int) async {
        let (name, change) = Self.wrong[place]
        await expectFailure(.badOption, name) { try Self.settings { change(&$0) } }
    }

    @Test func aGroupHasAName() async {
        await expectFailure(.badOption, "groupID") { try Self.settings(group: "") }
    }
}
