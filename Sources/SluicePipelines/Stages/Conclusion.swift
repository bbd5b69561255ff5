/// What every processor does with messages that it is finished with: failures are told of and put aside, if there is a
/// place for them, and everything is acknowledged.
@usableFromInline
struct Conclusion<Body: Sendable>: Sendable {
    @usableFromInline let stage: String
    @usableFromInline let call: HandlerCall
    @usableFromInline let putAside: DeadLetters<Body>?
    @usableFromInline let report: Reporting

    @inlinable
    init(stage: String, call: HandlerCall, putAside: DeadLetters<Body>?, report: Reporting) {
        self.stage = stage
        self.call = call
        self.putAside = putAside
        self.report = report
    }

    /// Acknowledges messages.
    ///
    /// - Parameters:
    ///   - done: Those that have not failed.
    ///   - failed: Those that have.
    ///   - handleFailed: The handler of the latter.
    @inlinable
    func acknowledge<Done>(
        _ done: [Message<Done>],
        failed: [Message<Body>],
        handleFailed: () async throws -> Void
    ) async {
        var groups = AcknowledgementGroups()
        groups.add(done)
        if !failed.isEmpty {
            report(
                .failed(
                    stage: stage,
                    failures: failed.compactMap { message in
                        message.failure.map { PipelineReport.Failure(metadata: message.metadata, reason: $0) }
                    }
                )
            )
            do {
                try await handleFailed()
            } catch {
                report(.failureHandlerFailed(stage: stage, error: error))
            }
            groups.add(await puttingAside(failed))
        }
        await groups.tell { report(.acknowledgementFailed(stage: stage, error: $0, messages: $1)) }
    }

    /// - Returns: The messages, as they are to be acknowledged.
    @usableFromInline
    func puttingAside(_ failed: [Message<Body>]) async -> [Message<Body>] {
        guard let putAside else { return failed }
        do throws(MessageFailure) {
            try await call.run { try await putAside(failed) }
            return failed.map { message in
                var message = message
                message.reason = nil
                return message
            }
        } catch {
            // Cut off, nobody knows where they are: the source delivers them again.
            if Task.isCancelled { return [] }
            report(.deadLettersFailed(stage: stage, error: error, messages: failed.count))
            return failed
        }
    }
}
