/// Handles messages one after another, and acknowledges those that go no further.
@usableFromInline
struct Processor<Handler: PipelineHandler>: Sendable {
    @usableFromInline let name: String
    @usableFromInline let handler: Handler
    @usableFromInline let call: HandlerCall
    /// The names of the batchers; empty if messages end here.
    @usableFromInline let batchers: [String]
    @usableFromInline let conclusion: Conclusion<Handler.Input>

    @inlinable
    init(
        name: String,
        handler: Handler,
        call: HandlerCall,
        batchers: [String],
        putAside: DeadLetters<Handler.Input>?,
        report: Reporting
    ) {
        self.name = name
        self.handler = handler
        self.call = call
        self.batchers = batchers
        conclusion = Conclusion(stage: name, call: call, putAside: putAside, report: report)
    }

    /// Handles messages.
    ///
    /// - Parameter received: At least one, in order.
    /// - Returns: Those that go on, in their order.
    @inlinable
    func process(_ received: [Message<Handler.Input>]) async -> [Message<Handler.Output>] {
        let start = conclusion.report.start
        let messages = await prepare(received)
        // Cut off, they have neither been handled nor failed: the source delivers them again.
        if Task.isCancelled { return [] }
        var handled: [Message<Handler.Output>] = []
        handled.reserveCapacity(messages.count)
        var failed: [Message<Handler.Input>] = []
        for message in messages {
            if message.failure != nil {
                failed.append(message)
                continue
            }
            do throws(MessageFailure) {
                handled.append(try await handle(message))
            } catch {
                if Task.isCancelled { break }
                var message = message
                message.fail(because: error)
                failed.append(message)
            }
        }
        let isLast = batchers.isEmpty
        if isLast || !failed.isEmpty {
            let handler = handler
            await conclusion.acknowledge(isLast ? handled : [], failed: failed) {
                try await handler.handleFailed(failed)
            }
        }
        conclusion.report.handled(name, handled.count + failed.count, failed: failed.count, since: start)
        return isLast ? [] : handled
    }

    @inlinable
    func prepare(_ messages: [Message<Handler.Input>]) async -> [Message<Handler.Input>] {
        do {
            var prepared = messages
            try await handler.prepare(&prepared)
            guard prepared.areSame(as: messages) else {
                throw MessageFailure(
                    .wrongMessages,
                    "Of \(messages.count) messages to prepare \(prepared.count) came back, or others, or in another order"
                )
            }
            return prepared
        } catch {
            let failure = MessageFailure(error)
            return messages.map { message in
                var message = message
                message.fail(because: failure)
                return message
            }
        }
    }

    @inlinable @inline(__always)
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
        if !result.acknowledgement.isSame(as: message.acknowledgement) {
            result.acknowledgement = message.acknowledgement
        }
        return result
    }
}
