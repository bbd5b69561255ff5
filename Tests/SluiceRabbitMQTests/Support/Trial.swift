import ConnectorTesting
import SluicePipelines
import SluiceSinks
import SluiceTesting
import Synchronization

@testable import SluiceRabbitMQ

/// A queue of the common server, and a client that looks into it.
struct Trial: Sendable {
    let server: LocalRabbitMQ
    let client: BrokerClient
    let queue: String
    let reports = Reports()

    /// Makes an empty queue.
    init(_ queue: String, _ arguments: [String: TableValue] = [:]) async throws {
        server = try await .shared()
        client = BrokerClient(server)
        self.queue = queue
        try await client.declare(queue, arguments)
    }

    /// A source of the queue; what it reports is in ``reports``.
    func source(
        behind proxy: FaultProxy? = nil,
        _ change: (inout RabbitMQSource.Options) -> Void = { _ in }
    ) throws -> RabbitMQSource {
        var options = RabbitMQSource.Options()
        change(&options)
        let url = proxy.map { "amqp://guest:guest@127.0.0.1:\($0.port)" } ?? server.url
        return try RabbitMQSource(url, queue: queue, options: options) { [reports] in reports.add($0) }
    }

    func publish(_ bodies: String...) async throws {
        try await client.publish(bodies, to: queue)
    }

    /// Waits until the queue has so many messages that nobody has taken.
    func waitUntilReady(_ count: Int) async throws {
        try await wait { try await client.ready(queue) == count }
    }
}

/// What a source reported.
final class Reports: Sendable {
    private let texts = Mutex<[String]>([])

    func add(_ report: RabbitMQSourceReport) {
        guard case .connectionFailed(let error, _) = report else { return }
        texts.withLock { $0.append(error.message) }
    }

    var all: [String] { texts.withLock { $0 } }
}

/// Waits until something is so, or the test's time is over.
func wait(until isSo: () async throws -> Bool) async throws {
    while try await !isSo() {
        try Task.checkCancellation()
        await Task.yield()
    }
}

/// Takes messages with a copy of a source, for tests that do something meanwhile.
func take(_ count: Int, from source: RabbitMQSource) async throws -> [Message<[UInt8]>] {
    var source = source
    return try await source.take(count)
}

extension RabbitMQSource {
    /// Takes messages until there are so many.
    mutating func take(_ count: Int) async throws -> [Message<[UInt8]>] {
        var messages: [Message<[UInt8]>] = []
        while messages.count < count {
            messages += try await handleDemand(count - messages.count) ?? []
        }
        return messages
    }
}

extension Message<[UInt8]> {
    var text: String { String(decoding: body, as: UTF8.self) }

    /// Acknowledges it as one that failed.
    func fail() async throws {
        var message = self
        message.fail(because: MessageFailure("no"))
        try await message.acknowledge()
    }
}
