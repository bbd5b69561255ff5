public import Sluice

/// Handles batches one after another, and acknowledges their messages.
@usableFromInline
struct BatchProcessor<Handler: PipelineHandler>: Sendable {
    @usableFromInline let name: String
    @usableFromInline let handler: Handler
    @usableFromInline let call: HandlerCall
    @usableFromInline let report: @Sendable (PipelineReport) -> Void

    @inlinable
    init(
        name: String,
        handler: Handler,
        call: HandlerCall,
        report: @escaping @Sendable (PipelineReport) -> Void
    ) {
        self.name = name
        self.handler = handler
        self.call = call
        self.report = report
    }

    /// Handles batches.
    @inlinable
    func process(_ batches: [MessageBatch<Handler.Output>]) async {
        for batch in batches where !Task.isCancelled { await process(batch) }
    }

    @inlinable
    func process(_ received: MessageBatch<Handler.Output>) async {
        let handler = handler
        var batch = received
        do throws(MessageFailure) {
            batch = try await call.run {
                var batch = received
                try await handler.handleBatch(&batch)
                return batch
            }
            // Another batch may have been put in its place.
            if batch.messages.map(\.origin) != received.messages.map(\.origin) {
                throw MessageFailure(.wrongMessages, "The handler has put another batch in the place of its own")
            }
        } catch {
            // Cut off, its messages have neither been handled nor failed: the source delivers them again.
            if Task.isCancelled { return }
            batch = received
            batch.failAll(because: error)
        }
        let failed = batch.messages.filter { $0.failure != nil }
        if !failed.isEmpty {
            report(.failed(stage: name, failures: failed.compactMap(\.failure)))
            do {
                try await handler.handleFailed(MessageBatch(info: batch.info, messages: failed))
            } catch {
                report(.failureHandlerFailed(stage: name, error: error))
            }
        }
        var groups = AcknowledgementGroups()
        for message in batch.messages { groups.add(message.origin, message.failure) }
        await groups.tell { report(.acknowledgementFailed(stage: name, error: $0, messages: $1)) }
    }
}

/// The stage of a batch processor.
@usableFromInline
struct BatchProcessorStage<Output: Sendable>: Consumer {
    @usableFromInline let process: @Sendable ([MessageBatch<Output>]) async -> Void

    @inlinable
    init(_ process: @escaping @Sendable ([MessageBatch<Output>]) async -> Void) {
        self.process = process
    }

    @inlinable
    func handleEvents(_ events: [MessageBatch<Output>]) async {
        await process(events)
    }
}
