import CLibNATS
import SluiceLeases
import SluicePipelines
import SluicePostgres
import SluiceSinks

/// A consumer from which messages are pulled; the pull ends with the last reference.
///
/// Unchecked: the pointer is the library's, which locks what it points to; it is freed once, in the end.
final class ConnectedConsumer: @unchecked Sendable {
    private let connection: NATSConnection
    private let consumer: DurableConsumer
    private let acknowledger: NATSAcknowledger
    private let inbox: PullInbox
    private let reply: String
    private let subscription: OpaquePointer
    private let clock: any Clock<Duration>

    /// How long the server may be silent while a pull request waits there; then the request counts as lost.
    private static func patience(_ options: NATSSource.Options) -> Duration { heartbeat(options) * 2 + .seconds(1) }

    /// The server allows half of the request's time at most.
    private static func heartbeat(_ options: NATSSource.Options) -> Duration { min(.seconds(2), options.expires / 2) }

    /// Connects, and finds or makes the consumer.
    ///
    /// - Throws: ``SinkError``; `CancellationError`.
    init(
        _ address: NATSAddress,
        _ consumer: DurableConsumer,
        _ clock: any Clock<Duration>,
        _ report: @escaping @Sendable (NATSSourceReport) -> Void
    ) async throws {
        let options = consumer.options
        let pulls = PullRequests(batch: options.batch, patience: Self.patience(options))
        let inbox = PullInbox(pulls, now: clock.sinceNow())
        let connection = try await NATSConnection.open(address, timeout: options.timeout) { event in
            inbox.happened(event)
            switch event {
            case .lost: report(.disconnected)
            case .restored: report(.reconnected)
            case .closed, .notPermitted: break
            }
        }
        self.connection = connection
        self.consumer = consumer
        self.inbox = inbox
        self.clock = clock
        let ackWait = try await connection.thread.run { try consumer.prepare(on: connection, mayCreate: true) }
        var leases: LeaseExtension?
        if options.maxExtension >= ackWait {
            let empty = HandlingLeases(timeout: ackWait, limit: options.maxExtension, unit: ackWait)
            leases = LeaseExtension(empty, batch: 1000, clock: clock, extend: connection.extend) { error, count in
                report(.extensionFailed(error, messages: count))
            }
        }
        acknowledger = NATSAcknowledger(connection, options.onFailure, leases)
        reply = try connection.makeInbox()
        do {
            subscription = try Subscription.open("\(reply).*", on: connection.handle) { message, isLast, connection in
                inbox.receive(message, isLast: isLast, on: connection)
            }
        } catch {
            throw NATSFailure("NATS").calling(error.status, jsErrCode(0), "to subscribe")
        }
    }

    deinit {
        let left = inbox.end().map { (subject: $0.reply, text: "-NAK") }
        let owned = Owned(subscription: subscription)
        connection.thread.perform { [connection, consumer] in
            natsSubscription_Unsubscribe(owned.subscription)
            // Asked for the consumer, the server drops the pull request, to whose answers nobody listens. Else it would take
            // what is given back for it; version 2.9 then finds nobody there, forgets until the ack wait is over that the
            // message was given back, and steps back by one in the stream: what was acknowledged last is delivered again.
            // What is on its way comes back after the ack wait in any case.
            _ = try? consumer.prepare(on: connection, mayCreate: false)
            _ = connection.publish(left)
            natsSubscription_Destroy(owned.subscription)
        }
    }

    // Handed to the thread once, by the last who had it.
    private struct Owned: @unchecked Sendable { let subscription: OpaquePointer }

    /// Whether another connection is needed.
    var isClosed: Bool { natsConnection_IsClosed(connection.handle) }

    /// Receives messages; waits until there is one.
    ///
    /// - Throws: ``SinkError``; `CancellationError`.
    func receive(_ demand: Int) async throws -> [Message<[UInt8]>] {
        while true {
            switch inbox.next(demand) {
            case .deliver(let deliveries): return acknowledger.messages(deliveries)
            case .send(let request): try await send(request)
            case .wait(let time): try await wait(until: time)
            case .fail(let trouble): try await explain(trouble)
            }
        }
    }

    /// Asks the server for messages.
    ///
    /// https://docs.nats.io/reference/reference-protocols/nats_api_reference#fetching-from-a-pull-consumer
    private func send(_ request: PullRequests.Request) async throws {
        let options = consumer.options
        let subject = "\(consumer.api).CONSUMER.MSG.NEXT.\(consumer.stream).\(consumer.name)"
        let body =
            "{\"batch\":\(request.count),\"expires\":\(options.expires.nanoseconds),"
            + "\"idle_heartbeat\":\(Self.heartbeat(options).nanoseconds)}"
        let status = try await connection.thread.run { [connection, reply] in
            natsConnection_PublishRequestString(connection.handle, subject, "\(reply).\(request.number)", body)
        }
        guard status != NATS_OK else { return }
        inbox.notSent()
        throw NATSFailure(connection.name).unavailable("cannot be asked: \(NATSFailure.text(status))")
    }

    private func wait(until time: Duration?) async throws {
        guard let time else { return try await inbox.wait() }
        try await withThrowingTaskGroup(of: Void.self) { [inbox, clock] group in
            group.addTask { try await inbox.wait() }
            group.addTask { try await clock.sleep(for: time - inbox.now()) }
            try await group.next()
            group.cancelAll()
        }
    }

    /// Finds out whether a trouble passes, and throws an error with the code `unavailable` if it does.
    private func explain(_ trouble: PullTrouble) async throws -> Never {
        let failure = NATSFailure(connection.name)
        switch trouble {
        case .closed(let reason): throw failure.closed(reason)
        case .notPermitted(let text):
            throw SinkError(.notAuthorized, "\(connection.name): \(text). Give the user the right to it.")
        case .status(400, let text): throw SinkError(.refused, "\(connection.name) refuses a pull request: \(text).")
        case .status(409, let text) where text.contains("MaxRequest") || text.contains("push"):
            throw SinkError(
                .refused,
                "\(connection.name) refuses a pull request for \(consumer.name): \(text). Change the consumer, or batch and "
                    + "expires."
            )
        case .silence, .status:
            // Perhaps the consumer is gone: then there is no point in asking again.
            _ = try await connection.thread.run { [connection, consumer] in
                try consumer.prepare(on: connection, mayCreate: false)
            }
            if case .status(let code, let text) = trouble {
                throw failure.unavailable("has dropped a pull request: \(code) \(text)")
            }
            throw failure.unavailable("has lost a pull request, as when the consumer moves to another server")
        }
    }
}

extension Clock<Duration> {
    /// A function that tells the time since now.
    fileprivate func sinceNow() -> @Sendable () -> Duration {
        let start = now
        return { start.duration(to: now) }
    }
}
