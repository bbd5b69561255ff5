public import Sluice

/// Handles messages one after another, and acknowledges those that go no further.
@usableFromInline
struct Processor<Handler: PipelineHandler>: Sendable {
    @usableFromInline let name: String
    @usableFromInline let handler: Handler
    @usableFromInline let call: HandlerCall
    /// The names of the batchers; empty if messages end here.
    @usableFromInline let batchers: [String]
    @usableFromInline let report: @Sendable (PipelineReport) -> Void

    @inlinable
    init(
        name: String,
        handler: Handler,
        call: HandlerCall,
        batchers: [String],
        report: @escaping @Sendable (PipelineReport) -> Void
    ) {
        self.name = name
        self.handler = handler
        self.call = call
        self.batchers = batchers
        self.report = report
    }

    /// Handles messages.
    ///
    /// - Parameter received: At least one, in order.
    /// - Returns: Those that go on, in their order.
    @inlinable
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

    @inlinable
    func prepare(_ messages: inout [Message<Handler.Input>]) async {
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

    @inlinable
    func handle(_ message: Message<Handler.Input>) async throws(MessageFailure) -> Message<Handler.Output> {
        let handler = handler
        var result: Message<Handler.Output>
        if call.isPlain {
            do { result = try await handler.handle(message) } catch { throw MessageFailure(error) }
        } else {
            result = try await call.run { try await handler.handle(message) }
        }
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

// The stages hold a closure and no handler: a closure is compiled for the handler's types where the pipeline is started,
// and a conformance of a generic stage is not.

/// A processor before batchers.
@usableFromInline
struct ProcessorStage<Input: Sendable, Output: Sendable>: ProducerConsumer {
    @usableFromInline let process: @Sendable ([Message<Input>]) async -> [Message<Output>]

    @inlinable
    init(_ process: @escaping @Sendable ([Message<Input>]) async -> [Message<Output>]) {
        self.process = process
    }

    @inlinable
    func handleEvents(_ events: [Message<Input>]) async -> [Message<Output>] {
        await process(events)
    }
}

/// A processor at the end of a pipeline.
@usableFromInline
struct LastProcessorStage<Input: Sendable>: Consumer {
    @usableFromInline let process: @Sendable ([Message<Input>]) async -> Void

    @inlinable
    init(_ process: @escaping @Sendable ([Message<Input>]) async -> Void) {
        self.process = process
    }

    @inlinable
    func handleEvents(_ events: [Message<Input>]) async {
        await process(events)
    }
}
