import CLibRabbitMQ
import ConnectorTesting
import SluicePostgres
import Synchronization

@testable import SluiceRabbitMQ

/// Another client of a server: makes queues, publishes, and takes messages out one by one.
///
/// It takes the connection, and no more, of the code under test.
final class BrokerClient: Sendable {
    private let url: String
    private let thread = BlockingThread()

    init(_ server: LocalRabbitMQ) {
        url = server.url
    }

    deinit {
        thread.close()
    }

    /// Does something with a connection of its own.
    private func connected<Result: Sendable>(
        _ body: @escaping @Sendable (BrokerConnection) throws -> Result
    ) async throws -> Result {
        try await thread.run { [url] in
            let settings = ConnectionSettings(
                address: try BrokerAddress(url[...]),
                heartbeat: 60,
                timeout: .seconds(30),
                connectionName: "test"
            )
            let connection = try BrokerConnection(settings)
            defer { connection.close() }
            return try body(connection)
        }
    }

    /// Makes a queue.
    func declare(_ queue: String, isDurable: Bool = true, _ arguments: [String: TableValue] = [:]) async throws {
        try await connected { connection in
            try connection.ask { state, channel, memory in
                amqp_queue_declare(
                    state,
                    channel,
                    memory.bytes(queue),
                    0,
                    isDurable ? 1 : 0,
                    0,
                    0,
                    memory.table(arguments)
                ) != nil
            }
        }
    }

    /// Makes an exchange.
    func declare(exchange: String, type: String) async throws {
        try await connected { connection in
            try connection.ask { state, channel, memory in
                let table = memory.table([:])
                return amqp_exchange_declare(
                    state,
                    channel,
                    memory.bytes(exchange),
                    memory.bytes(type),
                    0,
                    1,
                    0,
                    0,
                    table
                ) != nil
            }
        }
    }

    func delete(_ queue: String) async throws {
        try await connected { connection in
            try connection.ask { state, channel, memory in
                amqp_queue_delete(state, channel, memory.bytes(queue), 0, 0) != nil
            }
        }
    }

    func delete(exchange: String) async throws {
        try await connected { connection in
            try connection.ask { state, channel, memory in
                amqp_exchange_delete(state, channel, memory.bytes(exchange), 0) != nil
            }
        }
    }

    /// How many messages a queue has that nobody has taken.
    func ready(_ queue: String) async throws -> Int {
        try await connected { connection in
            var count = 0
            try connection.ask { state, channel, memory in
                let answer = amqp_queue_declare(state, channel, memory.bytes(queue), 1, 1, 0, 0, memory.table([:]))
                count = Int(answer?.pointee.message_count ?? 0)
                return answer != nil
            }
            return count
        }
    }

    /// Publishes persistent messages, and waits until the broker has them.
    func publish(
        _ bodies: [String],
        to key: String,
        exchange: String = "",
        headers: [String: TableValue] = [:],
        type: String? = nil
    ) async throws {
        try await connected { connection in
            try connection.ask { state, channel, _ in amqp_confirm_select(state, channel) != nil }
            for body in bodies {
                try connection.send { state, channel in
                    CallMemory.with { memory in
                        var properties = amqp_basic_properties_t()
                        properties._flags = amqp_flags_t(AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG)
                        properties.delivery_mode = 2
                        properties.headers = memory.table(headers)
                        if let type {
                            properties._flags |= amqp_flags_t(AMQP_BASIC_TYPE_FLAG)
                            properties.type = memory.bytes(type)
                        }
                        return amqp_basic_publish(
                            state,
                            channel,
                            memory.bytes(exchange),
                            memory.bytes(key),
                            0,
                            0,
                            &properties,
                            memory.bytes(body)
                        )
                    }
                }
            }
            var confirmed = 0
            let wakeUp = WakeUp()
            while confirmed < bodies.count {
                guard let frame = try connection.read() else {
                    connection.wait(or: wakeUp)
                    continue
                }
                if case .confirmed(let number, let multiple, _) = frame {
                    confirmed = multiple ? Int(number) : confirmed + 1
                }
            }
        }
    }

    /// A message as the queue has it.
    struct Got: Sendable {
        var body: String
        var metadata: [String: String]
    }

    /// Takes everything out that nobody has taken.
    func drain(_ queue: String) async throws -> [Got] {
        try await connected { connection in
            var found: [Got] = []
            var isEmpty = false
            while !isEmpty {
                try connection.ask { state, channel, memory in
                    let reply = amqp_basic_get(state, channel, memory.bytes(queue), 1)
                    guard reply.reply_type == AMQP_RESPONSE_NORMAL, reply.reply.id == 0x003C_0047 else {
                        isEmpty = true
                        return reply.reply_type == AMQP_RESPONSE_NORMAL
                    }
                    let head = reply.reply.decoded.load(as: amqp_basic_get_ok_t.self)
                    var metadata = ["exchange": String(head.exchange), "routing_key": String(head.routing_key)]
                    var message = amqp_message_t()
                    let read = amqp_read_message(state, channel, &message, 0)
                    defer { amqp_destroy_message(&message) }
                    metadata.merge(message.properties.metadata) { $1 }
                    found.append(Got(body: String(message.body), metadata: metadata))
                    return read.reply_type == AMQP_RESPONSE_NORMAL
                }
            }
            return found
        }
    }
}
