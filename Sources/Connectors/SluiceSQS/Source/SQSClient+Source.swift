import FoundationEssentials
import SluiceLeases
import SluicePipelines
import SluiceSinks

/// For how long a message is to be hidden from now on.
struct VisibilityChange: Hashable {
    var receiptHandle: String
    /// 0: not at all.
    var seconds: Int
}

extension SQSClient {
    /// Asks for messages.
    ///
    /// - Returns: At most as many as were asked for, perhaps none.
    /// - Throws: ``SinkError``; `CancellationError`.
    func receive(_ count: Int, _ options: SQSSource.Options) async throws -> [ReceivedMessage] {
        // Ten messages of 1 MiB, each byte of which may be written as \u0000.
        let answer = try await callForSource(
            "ReceiveMessage",
            RequestBody.receive(count, from: queue, options),
            limit: 64 << 20
        )
        guard let messages = ReceivedMessage.list(answer) else { throw strangeAnswer }
        return messages
    }

    /// Deletes messages, at most ten.
    ///
    /// - Returns: What became of each, in order.
    /// - Throws: ``SinkError``; `CancellationError`.
    func delete(_ receiptHandles: [String]) async throws -> [SendResult] {
        let body = RequestBody.deletion(of: receiptHandles, from: queue)
        return try await results("DeleteMessageBatch", body, count: receiptHandles.count)
    }

    /// Changes how long messages are hidden, at most ten.
    ///
    /// - Returns: What became of each, in order.
    /// - Throws: ``SinkError``; `CancellationError`.
    func change(_ changes: [VisibilityChange]) async throws -> [SendResult] {
        let body = RequestBody.visibility(of: changes, in: queue)
        return try await results("ChangeMessageVisibilityBatch", body, count: changes.count)
    }

    /// Hides messages for longer, at most ten.
    ///
    /// - Returns: For each, in order, why it is not, or `nil`.
    /// - Throws: ``SinkError``; `CancellationError`.
    func extend(_ leases: [LeaseChange]) async throws -> [(any Error)?] {
        let changes = leases.map {
            VisibilityChange(receiptHandle: $0.receipt.handle, seconds: Int($0.duration.components.seconds))
        }
        return try await change(changes).map { result in
            switch result {
            case .durable: nil
            case .failed(let reason, _), .refused(let reason):
                SinkError(.unavailable, "SQS has not extended a message's visibility timeout: \(reason).")
            }
        }
    }

    private func results(_ action: String, _ body: [UInt8], count: Int) async throws -> [SendResult] {
        guard let answer = BatchAnswer(try await callForSource(action, body)) else { throw strangeAnswer }
        do {
            return try answer.results(count: count)
        } catch {
            throw self.error(error, of: nil)
        }
    }

    private func callForSource(_ action: String, _ body: [UInt8], limit: Int = 1 << 20) async throws -> [UInt8] {
        do {
            return try await call(action, body, limit: limit)
        } catch let failure as SQSFailure {
            throw SinkError(.refused, "\(queue.url) refuses \(action): \(failure).", cause: failure)
        }
    }
}
