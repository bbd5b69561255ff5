import ConnectorTesting
import SinkTesting
import SluicePipelines
import SluiceSinks
import SluiceTesting
import Testing

@testable import SluiceRabbitMQ

/// A source and a real server.
@Suite(.timeLimit(.minutes(5))) struct LiveSourceTests {
    private typealias Options = RabbitMQSource.Options

    // MARK: - What is taken

    @Test func takesNoMoreThanIsAskedFor() async throws {
        let trial = try await Trial("asked")
        try await trial.client.publish((0..<30).map { "\($0)" }, to: "asked")
        var source = try trial.source()
        let first = try await source.take(3)
        #expect(first.map(\.text) == ["0", "1", "2"])
        #expect(try await trial.client.ready("asked") == 27)
        // All that the broker may send is in hand: without a wider window this would wait for ever.
        let second = try await source.take(5)
        #expect(second.map(\.text) == ["3", "4", "5", "6", "7"])
        #expect(try await trial.client.ready("asked") == 22)
        for message in first + second { try await message.acknowledge() }
        #expect(try await source.take(22).map(\.text) == (8..<30).map { "\($0)" })
    }

    @Test func takesNoMoreThanItsBound() async throws {
        let trial = try await Trial("bound")
        try await trial.publish("a", "b", "c", "d")
        var source = try trial.source { $0.prefetch = .demand(upTo: 2) }
        let first = try await source.take(2)
        #expect(try await trial.client.ready("bound") == 2)
        let same = source
        async let next = take(1, from: same)
        try await first[0].acknowledge()
        #expect(try await next.map(\.text) == ["c"])
        #expect(try await trial.client.ready("bound") == 1)
    }

    @Test func aFixedPrefetchIsTakenAtOnce() async throws {
        let trial = try await Trial("fixed")
        try await trial.publish("a", "b", "c", "d", "e")
        var source = try trial.source { $0.prefetch = .fixed(4) }
        #expect(try await source.take(1).map(\.text) == ["a"])
        try await trial.waitUntilReady(1)
    }

    @Test func metadataHaveTheNamesOfAMQP() async throws {
        let trial = try await Trial("metadata")
        try await trial.client.publish(
            ["x"],
            to: "metadata",
            headers: ["n": -7, "t": "ä", "f": true],
            type: "order"
        )
        var source = try trial.source()
        let metadata = try await source.take(1)[0].metadata
        #expect(
            metadata == [
                "routing_key": "metadata", "exchange": "", "redelivered": "false", "delivery_tag": "1",
                "delivery_mode": "2", "type": "order", "headers.n": "-7", "headers.t": "ä", "headers.f": "true",
            ]
        )
    }

    @Test func largeAndEmptyMessagesArriveWhole() async throws {
        let trial = try await Trial("large")
        let large = String(repeating: "0123456789", count: 100_000)
        try await trial.publish(large, "", "end")
        var source = try trial.source()
        #expect(try await source.take(3).map(\.text) == [large, "", "end"])
    }

    @Test func declaresAndBindsItsQueue() async throws {
        let trial = try await Trial("unused")
        try await trial.client.declare(exchange: "topics", type: "topic")
        var options = Options()
        options.declare = Options.Queue(type: .quorum, arguments: ["x-max-length": 10])
        options.bindings = [Options.Binding(exchange: "topics", routingKey: "orders.#")]
        let source = try RabbitMQSource(trial.server.url, queue: "bound-queue", options: options)
        async let first = take(1, from: source)
        try await wait { (try? await trial.client.ready("bound-queue")) != nil }
        try await trial.client.publish(["start"], to: "bound-queue")
        // It takes messages, and so is bound.
        var bound = source
        #expect(try await first.map(\.text) == ["start"])
        try await trial.client.publish(["no"], to: "others", exchange: "topics")
        try await trial.client.publish(["yes"], to: "orders.new", exchange: "topics")
        let metadata = try await bound.take(1)[0].metadata
        #expect(metadata["exchange"] == "topics" && metadata["routing_key"] == "orders.new")
    }

    // MARK: - What becomes of it

    @Test func whatIsAcknowledgedIsGone() async throws {
        let trial = try await Trial("gone")
        try await trial.client.publish((0..<10).map { "\($0)" }, to: "gone")
        var source = try trial.source()
        let messages = try await source.take(10)
        for message in messages where message.text != "4" { try await message.acknowledge() }
        #expect(try await trial.server.count("gone") == 1)
        try await messages[4].acknowledge()
        #expect(try await trial.server.count("gone") == 0)
    }

    @Test func aRejectedMessageGoesToTheDeadLetterExchange() async throws {
        let trial = try await Trial("dead")
        let source = try RabbitMQSource(
            trial.server.url,
            queue: "rejecting",
            options: with {
                $0.onFailure = .reject
                $0.declare = Options.Queue(deadLetterExchange: "", deadLetterRoutingKey: "dead")
            }
        )
        async let messages = take(2, from: source)
        try await wait { (try? await trial.client.ready("rejecting")) != nil }
        try await trial.client.publish(["good", "bad"], to: "rejecting")
        try await messages[1].fail()
        try await messages[0].acknowledge()
        try await trial.waitUntilReady(1)
        #expect(try await trial.client.drain("dead").map(\.body) == ["bad"])
        #expect(try await trial.server.count("rejecting") == 0)
    }

    @Test func whatFailedComesAgainOnce() async throws {
        let trial = try await Trial("once", ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "once-dead"])
        try await trial.client.declare("once-dead")
        try await trial.publish("bad")
        var source = try trial.source { $0.onFailure = .requeueOnce }
        let first = try await source.take(1)[0]
        try await first.fail()
        let second = try await source.take(1)[0]
        #expect(first.metadata["redelivered"] == "false" && second.metadata["redelivered"] == "true")
        try await second.fail()
        try await wait { try await trial.client.ready("once-dead") > 0 }
        #expect(try await trial.server.count("once") == 0)
    }

    @Test func whatFailedMayBeAcknowledged() async throws {
        let trial = try await Trial("ignored")
        try await trial.publish("bad")
        var source = try trial.source { $0.onFailure = .acknowledge }
        try await source.take(1)[0].fail()
        #expect(try await trial.server.count("ignored") == 0)
    }

    // MARK: - The end

    @Test func whatWasNotHandedOutGoesBackAtOnce() async throws {
        let trial = try await Trial("leaving")
        try await trial.client.publish((0..<10).map { "\($0)" }, to: "leaving")
        var source: RabbitMQSource? = try trial.source { $0.prefetch = .fixed(10) }
        let messages = try await source?.take(4) ?? []
        source = nil
        // Those in hand are still the pipeline's.
        try await trial.waitUntilReady(6)
        #expect(try await trial.server.count("leaving") == 10)
        for message in messages { try await message.acknowledge() }
        #expect(try await trial.client.drain("leaving").map(\.body) == (4..<10).map { "\($0)" })
        #expect(try await trial.server.count("leaving") == 0)
    }

    @Test func aCancelledCallTakesNothing() async throws {
        let trial = try await Trial("cancelled")
        try await trial.publish("0")
        var source = try trial.source()
        try await source.take(1)[0].acknowledge()
        let same = source
        let task = Task { try await SluiceRabbitMQTests.take(5, from: same) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await trial.publish("a", "b")
        #expect(try await trial.client.drain("cancelled").map(\.body).sorted() == ["a", "b"])
        // The source can be asked again.
        try await trial.publish("c")
        #expect(try await source.take(1).map(\.text) == ["c"])
    }

    // MARK: - What is wrong from the start

    @Test func wrongSettingsAreSaid() async throws {
        let trial = try await Trial("settings")
        let place = "127.0.0.1:\(trial.server.port)"
        func take(_ url: String, _ queue: String = "settings", _ options: Options = Options()) async throws {
            var source = try RabbitMQSource(url, queue: queue, options: options)
            _ = try await source.handleDemand(1)
        }
        await expectFailure(.notAuthorized, place, "ACCESS_REFUSED", without: ["hidden"]) {
            try await take("amqp://guest:hidden@\(place)")
        }
        await expectFailure(.notAuthorized, "queue 'settings'", "reader", without: ["secret-word"]) {
            try await take("amqp://reader:secret-word@\(place)")
        }
        await expectFailure(.missing, "vhost nope", without: ["guest:guest"]) {
            try await take("amqp://guest:guest@\(place)/nope")
        }
        await expectFailure(.missing, "no queue 'nothing'") { try await take(trial.server.url, "nothing") }
        await expectFailure(.missing, "no exchange 'nowhere'") {
            try await take(trial.server.url, "settings", with { $0.bindings = [.init(exchange: "nowhere")] })
        }
        await expectFailure(.badOption, "x-max-length", "queue 'settings'") {
            try await take(trial.server.url, "settings", with { $0.declare = .init(arguments: ["x-max-length": 1]) })
        }
        await expectFailure(.badOption, "/nowhere.pem") {
            try await take("amqps://localhost", "settings", with { $0.caFile = "/nowhere.pem" })
        }
        await expectFailure(.badOption, "prefetch") {
            try await take(trial.server.url, "settings", with { $0.prefetch = .demand(upTo: 0) })
        }
        await expectFailure(.badOption, "quorum") {
            try await take(
                trial.server.url,
                "settings",
                with {
                    $0.declare = .init(type: .quorum)
                    $0.declare?.isDurable = false
                }
            )
        }
    }

    @Test func aTrustedCertificateIsNeeded() async throws {
        let trial = try await Trial("secure")
        try await trial.publish("a")
        let url = "amqps://guest:guest@localhost:\(trial.server.securePort)"
        var source = try RabbitMQSource(url, queue: "secure", options: with { $0.caFile = trial.server.certificate })
        #expect(try await source.take(1).map(\.text) == ["a"])
        let reports = Reports()
        let task = Task {
            var source = try RabbitMQSource(url, queue: "secure") { reports.add($0) }
            return try await source.handleDemand(1)
        }
        try await wait { !reports.all.isEmpty }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(reports.all[0].contains("certificate"))
    }

    private func with(_ change: (inout Options) -> Void) -> Options {
        var options = Options()
        change(&options)
        return options
    }
}
