/// Handles batches one after another, and acknowledges their messages.
@usableFromInline
struct BatchProcessor<Handler: PipelineHandler>: Sendable {
    @usableFromInline let name: String
    @usableFromInline let handler: Handler
    @usableFromInline let call: HandlerCall
    @usableFromInline let conclusion: Conclusion<Handler.Output>

    @inlinable
    init(
        name: String,
        handler: Handler,
        call: HandlerCall,
        putAside: DeadLetters<Handler.Output>?,
        report: Reporting
    ) {
        self.name = name
        self.handler = handler
        self.call = call
        conclusion = Conclusion(stage: name, call: call, putAside: putAside, report: report)
    }

    /// Handles batches.
    @inlinable
    func process(_ batches: [MessageBatch<Handler.Output>]) async {
        for batch in batches where !Task.isCancelled { await process(batch) }
    }

    @inlinable
    func process(_ received: MessageBatch<Handler.Output>) async {
        let start = conclusion.report.start
        let handler = handler
        var batch = received
        do throws(MessageFailure) {
            if call.isPlain {
                do { try await handler.handleBatch(&batch) } catch { throw MessageFailure(error) }
            } else {
                batch = try await call.run {
                    var batch = received
                    try await handler.handleBatch(&batch)
                    return batch
                }
            }
            // Another batch may have been put in its place.
            if !batch.messages.areSame(as: received.messages) {
                throw MessageFailure(.wrongMessages, "The handler has put another batch in the place of its own")
            }
        } catch {
            // Cut off, its messages have neither been handled nor failed: the source delivers them again.
            if Task.isCancelled { return }
            batch = received
            batch.failAll(because: error)
        }
        let isClean = batch.messages.allSatisfy { $0.failure == nil }
        let failed = isClean ? [] : batch.messages.filter { $0.failure != nil }
        let info = batch.info
        await conclusion.acknowledge(
            isClean ? batch.messages : batch.messages.filter { $0.failure == nil },
            failed: failed
        ) {
            try await handler.handleFailed(MessageBatch(info: info, messages: failed))
        }
        conclusion.report.handled(name, info.size, failed: failed.count, since: start, batch: info)
    }
}
