import CLibNATS
import SluicePostgres
import SluiceSinks

/// A connection on which messages are published; it is closed with the last reference.
///
/// Unchecked: the pointer is the library's, which locks what it points to; it is freed once, in the end.
final class PublishConnection: @unchecked Sendable {
    /// How many bytes a message and its headers may have.
    let messageSize: Int

    private let settings: NATSSinkSettings
    private let connection: NATSConnection
    private let inbox = PublishInbox()
    private let reply: String
    private let subscription: OpaquePointer

    init(_ settings: NATSSinkSettings) async throws {
        self.settings = settings
        let inbox = inbox
        connection = try await NATSConnection.open(settings.address, timeout: settings.timeout) { inbox.happened($0) }
        reply = try connection.makeInbox()
        do {
            subscription = try Subscription.open("\(reply).>", on: connection.handle) { message, _, _ in
                inbox.receive(message)
            }
        } catch {
            throw NATSFailure(settings.name).calling(error.status, jsErrCode(0), "to subscribe to answers")
        }
        messageSize = Int(natsConnection_GetMaxPayload(connection.handle))
    }

    deinit {
        let owned = Owned(subscription: subscription)
        connection.thread.perform {
            natsSubscription_Unsubscribe(owned.subscription)
            natsSubscription_Destroy(owned.subscription)
        }
    }

    // Handed to the thread once, by the last who had it.
    private struct Owned: @unchecked Sendable { let subscription: OpaquePointer }

    /// Publishes messages in their order, and waits for the answers.
    ///
    /// - Throws: ``SinkError``; `CancellationError`.
    func send(_ messages: [OutgoingMessage]) async throws -> [SendResult] {
        let failure = NATSFailure(settings.name)
        if let reason = inbox.closed { throw failure.closed(reason) }
        // What the library would keep until then, it would send without anybody waiting for the answers.
        guard natsConnection_Status(connection.handle) == NATS_CONN_STATUS_CONNECTED else {
            throw failure.unavailable("cannot be reached now")
        }
        let answers = try await withThrowingTaskGroup(of: [PublishAnswer].self) { group in
            group.addTask { try await self.publish(messages) }
            group.addTask { [settings] in
                try await ContinuousClock().sleep(for: settings.timeout)
                throw failure.unavailable("has not answered within \(settings.timeout)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
        return try answers.map { answer throws(SinkError) in
            switch answer {
            case .stored: return .durable
            case .refused(let reason): return .refused(reason: reason)
            case .unavailable(let reason): throw failure.unavailable("has not stored a message: \(reason)")
            case .otherStream(let text):
                throw SinkError(
                    .missing,
                    "\(settings.name): the stream \(settings.stream ?? "") does not take the subject (\(text)). Change the "
                        + "subject or the stream."
                )
            }
        }
    }

    private func publish(_ messages: [OutgoingMessage]) async throws -> [PublishAnswer] {
        let call = Call<[PublishAnswer]>()
        let number = inbox.begin(messages.count, call)
        defer { inbox.end(number) }
        return try await call.wait {
            // Strong until it is done: it is short.
            connection.thread.perform { [self] in
                for (place, message) in messages.enumerated() {
                    if let answer = publish(message, to: "\(reply).\(number).\(place)") {
                        inbox.answer(answer, to: number, place)
                    }
                }
            }
        }
    }

    /// Publishes a message; blocks.
    ///
    /// - Returns: What became of it, if there will be no answer.
    private func publish(_ message: OutgoingMessage, to reply: String) -> PublishAnswer? {
        guard let subject = settings.subject.subject(schema: message.schema, table: message.table) else {
            return .refused("its table is not known, or has a name that cannot be part of a subject")
        }
        var outgoing: OpaquePointer?
        let created = message.body.withUnsafeBytes { body in
            natsMsg_Create(&outgoing, subject, reply, body.baseAddress, Int32(body.count))
        }
        guard created == NATS_OK else { return .unavailable(NATSFailure.text(created)) }
        defer { natsMsg_Destroy(outgoing) }
        natsMsgHeader_Set(outgoing, "Nats-Msg-Id", message.cursor.idempotencyKey)
        if let stream = settings.stream { natsMsgHeader_Set(outgoing, "Nats-Expected-Stream", stream) }
        let status = natsConnection_PublishMsg(connection.handle, outgoing)
        switch status {
        case NATS_OK: return nil
        case NATS_MAX_PAYLOAD: return .refused("it is larger than the \(messageSize) bytes that the server takes")
        default: return .unavailable(NATSFailure.text(status))
        }
    }
}
