import SluiceLeases
import SluicePipelines
import SluiceSinks
import Synchronization

/// Deletes messages that were handled, and gives back or leaves those that failed.
final class SQSAcknowledger: Acknowledger {
    private let client: SQSClient
    private let onFailure: SQSSource.Options.FailedMessage
    private let visibility: LeaseExtension?
    private let batches: BatchesOfTen
    /// Messages of which handlers have said otherwise, by their handles.
    private let exceptions = Mutex<[String: SQSSource.Options.FailedMessage]>([:])

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
        let receipts = received.map { Receipt.text($0.receiptHandle) }
        visibility?.keep(receipts)
        let acknowledgements = acknowledgements(of: receipts)
        return zip(received, acknowledgements).map { $0.message($1) }
    }

    func dropped(_ receipts: [Receipt], of group: Int) {
        // They come back when their visibility timeouts end, and no later.
        visibility?.release(receipts)
        _ = takeExceptions(receipts.map(\.handle))
    }

    func configure(_ options: any Sendable, _ receipt: Receipt, of group: Int) throws {
        guard let onFailure = options as? SQSSource.Options.FailedMessage else {
            throw AcknowledgementError(unknown: options)
        }
        exceptions.withLock { $0[receipt.handle] = onFailure }
    }

    /// What is to become of messages that fail, by their handles, if it is not what becomes of the others.
    private func takeExceptions(_ handles: [String]) -> [String: SQSSource.Options.FailedMessage] {
        exceptions.withLock { exceptions in
            guard !exceptions.isEmpty else { return [:] }
            var taken: [String: SQSSource.Options.FailedMessage] = [:]
            for handle in handles { taken[handle] = exceptions.removeValue(forKey: handle) }
            return taken
        }
    }

    /// - Throws: ``SinkError`` if SQS has not taken note of all messages: they come back.
    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) async throws {
        var deleted = outcome.successful.map(\.handle)
        let failed = outcome.failed.map(\.receipt.handle)
        // First: an extension after a message was given back would take it away again.
        visibility?.release(outcome.successful + outcome.failed.map(\.receipt))
        let exceptions = takeExceptions(deleted + failed)
        func whatFailed(_ wanted: SQSSource.Options.FailedMessage) -> [String] {
            failed.filter { exceptions[$0, default: onFailure] == wanted }
        }
        deleted = (deleted + whatFailed(.delete)).unique
        let returned = whatFailed(.return).unique.map { VisibilityChange(receiptHandle: $0, seconds: 0) }
        var reasons = try await batches.run(deleted, client.delete)
        reasons += try await batches.run(returned, client.change)
        let count = deleted.count + returned.count
        guard let reason = reasons.first else { return }
        throw SinkError(
            .unavailable,
            "\(client.queue.url) has not taken note of \(reasons.count) of \(count) messages, which it delivers again "
                + "when their visibility timeouts end: \(reason)"
        )
    }
}

extension Receipt {
    /// What SQS knows the message by.
    var handle: String {
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
