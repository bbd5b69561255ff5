import Sluice
import SluicePostgres

@testable import SluiceSinks

/// Feeds a queue with changes that are numbered from 0, and takes steps with it.
final class QueueScript {
    var queue: KeyedQueue
    var now = Duration.zero
    private(set) var next: UInt64 = 0

    init(
        messages: Int = 10,
        bytes: Int = .max,
        messageBytes: Int = .max,
        concurrency: Int = 4,
        keyFailure: KeyFailure = .prefix,
        maxFailures: Int? = nil,
        hasDeadLetters: Bool = false
    ) {
        queue = KeyedQueue(
            KeyedQueue.Rules(
                limits: RequestLimits(
                    messages: messages,
                    bytes: bytes,
                    messageBytes: messageBytes,
                    concurrency: concurrency
                ),
                keyFailure: keyFailure,
                capacity: 100,
                maxFailures: maxFailures,
                hasDeadLetters: hasDeadLetters,
                backoff: Backoff(base: .seconds(1), maximum: .seconds(8)),
                outageBackoff: Backoff(base: .seconds(1), maximum: .seconds(8))
            )
        )
    }

    var isEmpty: Bool { queue.isEmpty }

    var isUp: Bool { queue.health.isUp }

    func settlement() -> Settlement {
        queue.takeSettlement()
    }

    /// Takes in a change with one message of each order; without any, a commit. All are of table 1 unless said otherwise.
    func take(_ orders: MessageOrder..., table: UInt64 = 1, size: Int = 10) {
        take(orders, table: table, size: size)
    }

    func take(_ orders: [MessageOrder], table: UInt64, size: Int) {
        let cursor = Cursor(commitLSN: LSN(rawValue: 100), index: next)
        let change = Change(
            sequence: next,
            cursor: cursor,
            kind: orders.isEmpty ? .commit(endLSN: LSN(rawValue: 200)) : .messages(count: Int32(orders.count)),
            batch: EncodedBatch(bytes: []),
            offset: 0,
            length: 0,
            cost: 7
        )
        next += 1
        let parts = orders.map { order in
            KeyedChange.Part(
                message: OutgoingMessage(
                    cursor: cursor,
                    action: .insert,
                    schema: "public",
                    table: "\(table)",
                    key: nil,
                    body: ArraySlice(repeating: 0, count: size)
                ),
                order: order,
                table: table
            )
        }
        queue.take(KeyedChange(change: change, first: parts.first, others: Array(parts.dropFirst())))
    }

    func step() -> KeyedQueue.Step {
        queue.next(at: now)
    }

    /// The request that is sent next; nil if there is none.
    func request() -> KeyedQueue.Request? {
        if case .send(let request) = step() { request } else { nil }
    }

    /// All requests that can be sent now, as the numbers of their changes.
    func requests() -> [KeyedQueue.Request] {
        var requests: [KeyedQueue.Request] = []
        while let request = request() { requests.append(request) }
        return requests
    }

    func answer(_ request: KeyedQueue.Request, _ results: [SendResult]? = nil) {
        queue.answered(request, results ?? request.messages.map { _ in .durable }, at: now)
    }
}

extension KeyedQueue.Request {
    /// The numbers of its changes.
    var numbers: [UInt64] { messages.map(\.cursor.index) }
}
