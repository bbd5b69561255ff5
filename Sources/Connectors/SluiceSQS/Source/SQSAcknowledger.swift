import SluicePipelines
import SluiceSinks

/// Deletes messages that were handled, and gives back or leaves those that failed.
final class SQSAcknowledger: Acknowledger {
    private let client: SQSClient
    private let onFailure: SQSSource.Options.FailedMessage
    private let visibility: LeaseExtension?
    private let batches: BatchesOfTen

    /// - Parameters:
    ///   - client: For the queue.
    ///   - onFailure: What becomes of messages that failed.
    ///   - visibility: Keeps messages hidden that are being handled; `nil`: nobody does.
    ///   - clock: Measures the waits after failures.
    init(
        _ client: SQSClient,
        _ onFailure: SQSSource.Options.FailedMessage,
        _ visibility: LeaseExtension?,
        clock: any Clock<Duration>
    ) {
        self.client = client
        self.onFailure = onFailure
        self.visibility = visibility
        batches = BatchesOfTen(clock: clock)
    }

    /// Makes messages for a pipeline, and keeps them hidden from others until it is told of them.
    func messages(_ received: [ReceivedMessage]) -> [Message<String>] {
        visibility?.keep(received.map(\.receiptHandle))
        let acknowledgements = acknowledgements(of: received.map { .text($0.receiptHandle) })
        return zip(received, acknowledgements).map { $0.message($1) }
    }

    func dropped(_ receipts: [Receipt], of group: Int) {
        // They come back when their visibility timeouts end, and no later.
        visibility?.release(receipts.map(\.handle))
    }

    /// - Throws: ``SinkError`` if SQS has not taken note of all messages: they come back.
    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) async throws {
        var deleted = outcome.successful.map(\.handle)
        let failed = outcome.failed.map(\.receipt.handle)
        // First: an extension after a message was given back would take it away again.
        visibility?.release(deleted + failed)
        if onFailure == .delete { deleted += failed }
        deleted = deleted.unique
        var reasons = try await batches.run(deleted, client.delete)
        var count = deleted.count
        if onFailure == .return {
            let returned = failed.unique.map { VisibilityChange(receiptHandle: $0, seconds: 0) }
            reasons += try await batches.run(returned, client.change)
            count += returned.count
        }
        guard let reason = reasons.first else { return }
        throw SinkError(
            .unavailable,
            "\(client.queue.url) has not taken note of \(reasons.count) of \(count) messages, which it delivers again "
                + "when their visibility timeouts end: \(reason)"
        )
    }
}

extension Receipt {
    fileprivate var handle: String {
        if case .text(let handle) = self { handle } else { "" }
    }
}

extension [String] {
    /// Without repetitions: SQS refuses a request with any.
    fileprivate var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
