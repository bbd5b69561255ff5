import ConnectorTesting
import SinkTesting
import SluiceSinks
import Testing

@testable import SluiceRabbitMQ

@Suite struct RabbitMQURLTests {
    @Test func readsAURL() throws {
        let url = try RabbitMQURL(
            "amqps://shop@mq/v%2F1?exchange=a%26b&routing_key=x.{table}&timeout=5&heartbeat=7&ca_file=/ca.pem"
                + "&max_message_bytes=2048&password.env=SECRET"
        ) { $0 == "SECRET" ? "hidden" : nil }
        let settings = url.settings
        #expect(settings.connection.address.password == "hidden" && settings.connection.address.virtualHost == "v/1")
        #expect(settings.exchange == "a&b" && settings.timeout == .seconds(5) && settings.largestMessage == 2048)
        #expect(settings.connection.heartbeat == 7 && settings.connection.caFile == "/ca.pem")
        #expect(url.makeSink().identity == "amqps://mq:5671/v/1?exchange=a&b&routing_key=x.{table}")
    }

    @Test(arguments: [
        ("amqp://u:hidden@h?routing_key={key}", "{key}"), ("amqp://u:hidden@h?topic=x", "no option topic"),
        ("amqp://u:hidden@h?timeout=0", "timeout"), ("amqp://u:hidden@h?password.env=NOT_THERE", "NOT_THERE"),
        ("amqp://u:hidden@h?exchange", "exchange"), ("amqp://u:hidden@h/a/b", "%2F"),
        ("amqp://u:hidden@h?routing_key=", "Name an exchange"),
    ])
    func refusesWhatIsNone(_ text: String, _ word: String) async {
        await expectFailure(.badURL, word, without: ["hidden"]) { try RabbitMQURL(text) { _ in nil } }
    }

    @Test(arguments: [
        ("{schema}.{table}", "public", "orders", "public.orders"), ("all", "public", "orders", "all"),
        ("{table}{table}", "s", "t", "tt"), ("", "s", "t", ""), ("{schema}-{table}", "{table}", "t", "{table}-t"),
    ])
    func theRoutingKeyIsMadeOfTheTable(_ text: String, _ schema: String, _ table: String, _ key: String) throws {
        #expect(try RoutingKeyTemplate(text).key(of: message(1, schema: schema, table: table)).get() == key)
    }

    @Test func aTableWithoutARoutingKeyIsRefused() throws {
        let template = try RoutingKeyTemplate("{schema}.{table}")
        #expect(throws: RoutingKeyTemplate.Fault.self) { try template.key(of: message(1, table: nil)).get() }
        let long = String(repeating: "x", count: 255)
        #expect(throws: RoutingKeyTemplate.Fault.self) { try template.key(of: message(1, table: long)).get() }
    }
}
