import Sluice

/// Handles messages one after another, and acknowledges those that go no further.
struct Processor<Handler: PipelineHandler>: Sendable {
    let name: String
    let handler: Handler
    let call: HandlerCall
    /// The names of the batchers; empty if messages end here.
    let batchers: [String]
    let report: @Sendable (PipelineReport) -> Void

    /// Handles messages.
    ///
    /// - Parameter received: At least one, in order.
    /// - Returns: Those that go on, in their order.
    func process(_ received: [Message<Handler.Input>]) async -> [Message<Handler.Output>] {
        var messages = received
        messages.issueTickets()
        await prepare(&messages)
        // Cut off, they have neither been handled nor failed: the source delivers them again.
        if Task.isCancelled { return [] }
        var handled: [Message<Handler.Output>] = []
        handled.reserveCapacity(messages.count)
        var failed: [Message<Handler.Input>] = []
        for var message in messages {
            if message.failure == nil {
                do {
                    handled.append(try await handle(message))
                    continue
                } catch {
                    if Task.isCancelled { break }
                    message.fail(because: error)
                }
            }
            failed.append(message)
        }
        var groups = AcknowledgementGroups()
        if batchers.isEmpty {
            for message in handled { groups.add(message.origin, nil) }
        }
        if !failed.isEmpty {
            report(.failed(stage: name, failures: failed.compactMap(\.failure)))
            do {
                try await handler.handleFailed(failed)
            } catch {
                report(.failureHandlerFailed(stage: name, error: error))
            }
            for message in failed { groups.add(message.origin, message.failure) }
        }
        await groups.tell { report(.acknowledgementFailed(stage: name, error: $0, messages: $1)) }
        return batchers.isEmpty ? [] : handled
    }

    private func prepare(_ messages: inout [Message<Handler.Input>]) async {
        var prepared = messages
        do {
            try await handler.prepare(&prepared)
            guard prepared.map(\.origin) == messages.map(\.origin) else {
                throw MessageFailure(
                    .wrongMessages,
                    "Of \(messages.count) messages to prepare \(prepared.count) came back, or others, or in another order"
                )
            }
            messages = prepared
        } catch {
            let failure = MessageFailure(error)
            for index in messages.indices { messages[index].fail(because: failure) }
        }
    }

    private func handle(_ message: Message<Handler.Input>) async throws(MessageFailure) -> Message<Handler.Output> {
        let handler = handler
        var result = try await call.run { try await handler.handle(message) }
        if let failure = result.failure { throw failure }
        guard batchers.isEmpty || batchers.contains(result.batcher) else {
            throw MessageFailure(
                .unknownBatcher,
                "There is no batcher \"\(result.batcher)\"; there are \(batchers.map { "\"\($0)\"" }.joined(separator: ", "))"
            )
        }
        // Whatever message it returned: this one has been handled.
        result.origin = message.origin
        return result
    }
}

/// A processor before batchers.
struct ProcessorStage<Handler: PipelineHandler>: ProducerConsumer {
    let processor: Processor<Handler>

    func handleEvents(_ events: [Message<Handler.Input>]) async -> [Message<Handler.Output>] {
        await processor.process(events)
    }
}

/// A processor at the end of a pipeline.
struct LastProcessorStage<Handler: PipelineHandler>: Consumer {
    let processor: Processor<Handler>

    func handleEvents(_ events: [Message<Handler.Input>]) async {
        _ = await processor.process(events)
    }
}
