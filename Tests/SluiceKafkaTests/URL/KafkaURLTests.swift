import SinkTesting
import SluiceSinks
import Testing

@testable import SluiceKafka

@Suite struct KafkaURLTests {
    @Test(arguments: [
        ("kafka://b:9092/t", "kafka://b:9092/t"), ("KAFKA://B/t", "kafka://b:9092/t"),
        ("kafka://b:2,a:1/t?linger.ms=1", "kafka://a:1,b:2/t"), ("kafka://[::1]:9/t", "kafka://[::1]:9/t"),
        ("kafka://[::1]/t", "kafka://[::1]:9092/t"), ("kafka://b/%74", "kafka://b:9092/t"),
        ("kafka://b/cdc.{schema}.%7Btable%7D", "kafka://b:9092/cdc.{schema}.{table}"),
        ("kafka://b/t?sasl.username=ann&sasl.password=hunter2", "kafka://b:9092/t"),
    ])
    func identities(text: String, identity: String) throws {
        #expect(try KafkaURL(text).makeSink().identity == identity)
    }

    @Test(arguments: [
        ("http://b/t", "kafka://HOST:PORT/TOPIC"), ("kafka://b", "no topic"), ("kafka://b/", "no topic"),
        ("kafka:///t", "host"), ("kafka://b:x/t", "port"), ("kafka://b:0/t", "port"), ("kafka://b:70000/t", "port"),
        ("kafka://a,/t", "host"), ("kafka://a b/t", "host"), ("kafka://ann:hunter2@b/t", "sasl.password"),
        ("kafka://b/a/b", "ASCII"), ("kafka://b/{tabel}", "{table}"), ("kafka://b/{table", "{table}"),
        ("kafka://b/..", "not allow"), ("kafka://b/%zz", "hexadecimal"), ("kafka://b/%ff", "UTF-8"),
        ("kafka://b/t?linger.ms", "linger.ms=VALUE"), ("kafka://b/t?linger.ms=x", "linger.ms"),
        ("kafka://b/t?linger.ms=1&linger.ms=2", "twice"), ("kafka://b/t?no.such.option=1", "no.such.option"),
        ("kafka://b/t?tombstones=maybe", "tombstones=off"), ("kafka://b/t?acks=1", "replicas"),
        ("kafka://b/t?request.required.acks=0", "replicas"), ("kafka://b/t?enable.idempotence=false", "order"),
        ("kafka://b/t?transactional.id=", "no other producer"), ("kafka://b/t?cursor.topic=c", "transactional.id"),
        ("kafka://b/t?transactional.id=x&cursor.topic=a%20b", "ASCII"),
        ("kafka://b/t?transactional.id=x&cursor.topic={table}", "placeholders"),
        ("kafka://b/t?partitioner=random", "murmur2"),
        ("kafka://b/t?bootstrap.servers=x", "hosts"), ("kafka://b/t?message.timeout.ms=0", "1000"),
        ("kafka://b/t?test.mock.num.brokers=3", "memory"), ("kafka://b/t?plugin.library.paths=x", "library"),
        ("kafka://b/t?linger.ms=20000", "message.timeout.ms"), ("kafka://b/t?queue.buffering.max.ms=15001", "shorter"),
        ("kafka://b/t?sasl.password.env=NOT_SET", "NOT_SET"), ("kafka://b/t?linger.ms.env=PASSWORD", "linger.ms.env"),
    ])
    func refuses(text: String, word: String) async {
        await expectFailure(.badURL, word) { try KafkaURL(text) { $0 == "PASSWORD" ? "hunter2" : nil } }
    }

    @Test func passesOptionsOn() throws {
        let url = try KafkaURL(
            "kafka://b/t?compression.type=zstd&partitioner=fnv1a&tombstones=off&message.timeout.ms=5000"
        )
        #expect(url.settings.options.value(of: "compression.type") == "zstd")
        #expect(url.settings.options.value(of: "partitioner") == "fnv1a")
        #expect(!url.settings.options.tombstones)
        #expect(url.settings.options.timeout == .seconds(5))
    }

    @Test(arguments: [
        ("", 1_000_000), ("?message.max.bytes=3000", 3000), ("?queue.buffering.max.kbytes=2", 2048),
        ("?queue.buffering.max.kbytes=2&message.max.bytes=1500", 1500),
    ])
    func knowsTheLargestRecord(options: String, bytes: Int) throws {
        #expect(try KafkaURL("kafka://b/t\(options)").makeSink().limits.messageBytes == bytes)
    }

    @Test func takesSecretsFromTheEnvironment() throws {
        let url = try KafkaURL("kafka://b/t?sasl.password.env=PASSWORD") { $0 == "PASSWORD" ? "a&b=%41" : nil }
        #expect(url.settings.options.value(of: "sasl.password") == "a&b=%41")
    }

    @Test func keepsSecretsToItself() throws {
        let texts = [
            "kafka://ann:hunter2@b/t", "kafka://b/t?sasl.password=hunter2&acks=1",
            "kafka://b/t?sasl.password=hunter2&x=1",
            "kafka://b/t?sasl.password=hunter2&linger.ms=hunter2", "kafka://b/t?sasl.password=hunter2%",
        ]
        for text in texts {
            let error = #expect(throws: SinkError.self) { try KafkaURL(text) }
            #expect(error?.message.contains("hunter2") == false, "\(String(describing: error))")
        }
        let options = try KafkaURL("kafka://b/t?sasl.password=hunter2").settings.options
        #expect(options.redacted("no hunter2 and hunter2!") == "no *** and ***!")
    }
}
