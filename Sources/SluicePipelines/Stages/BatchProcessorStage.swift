import Sluice

/// Handles batches one after another, and acknowledges their messages.
struct BatchProcessorStage<Handler: PipelineHandler>: Consumer {
    let name: String
    let handler: Handler
    let call: HandlerCall
    let report: @Sendable (PipelineReport) -> Void

    func handleEvents(_ events: [MessageBatch<Handler.Output>]) async {
        for batch in events where !Task.isCancelled { await process(batch) }
    }

    private func process(_ received: MessageBatch<Handler.Output>) async {
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
