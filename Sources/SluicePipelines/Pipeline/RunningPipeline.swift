public import Sluice

/// A pipeline that runs.
public struct RunningPipeline<Input: Sendable>: Sendable {
    @usableFromInline let stages: Stages
    @usableFromInline let pushed: PushSource<Message<Input>>

    @usableFromInline let hold: @Sendable (Bool) -> Void

    @inlinable
    init(stages: Stages, pushed: PushSource<Message<Input>>, hold: @escaping @Sendable (Bool) -> Void) {
        self.stages = stages
        self.pushed = pushed
        self.hold = hold
    }

    /// Holds the source back: it is not asked, and what it was asked for before is kept; what is inside goes on, and so does
    /// what is pushed.
    @inlinable
    public func pause() { hold(true) }

    /// Ends a pause.
    @inlinable
    public func resume() { hold(false) }

    /// What every stage is doing, and how many messages wait where.
    @inlinable public var snapshot: GraphSnapshot { stages.snapshot() }

    /// Stops the source, and lets everything that it has emitted be handled and acknowledged: open batches leave at once.
    ///
    /// - Parameter deadline: When it has passed, every stage is cancelled, and what is left is not acknowledged; nil: no
    ///   deadline.
    @inlinable
    public func drain(within deadline: Duration? = .seconds(30)) {
        stages.drain(within: deadline)
    }

    /// Ends the pipeline now; what is inside is not acknowledged.
    @inlinable
    public func cancel() {
        stages.cancel()
    }

    /// Puts messages in beside the source, in their order; waits for room.
    ///
    /// What no processor has asked for when a drain begins is dropped, and not acknowledged, as if it had not been pushed.
    ///
    /// - Parameter messages: Emitted to one processor or, as far as that wants fewer, to several.
    /// - Throws: `CancellationError`; `StageError` if the pipeline is ending, or its source has finished: then none
    ///   of them is in it.
    @inlinable
    public func push(_ messages: [Message<Input>]) async throws {
        try await pushed.send(contentsOf: messages)
    }

    /// Puts messages with some bodies in, and waits until all of them are acknowledged: to test a pipeline.
    ///
    /// - Parameters:
    ///   - bodies: At least one.
    ///   - flushing: Whether their batches leave at once.
    ///   - metadata: Each message's.
    /// - Returns: What became of each, in the order of the bodies: `nil`, or why it failed. What a pipeline that ended did
    ///   not handle has failed with ``MessageFailure/Code/dropped``.
    /// - Throws: As ``push(_:)``; `CancellationError` if the task is cancelled.
    public func test(
        _ bodies: [Input],
        flushing: Bool = true,
        metadata: [String: String] = [:]
    ) async throws -> [MessageFailure?] {
        let caller = CallerAcknowledger(count: bodies.count)
        try await push(Self.messages(bodies, flushing: flushing, metadata: metadata, caller))
        return try await caller.outcomes()
    }

    // Apart, so that nothing of the messages is left with the one who waits.
    private static func messages(
        _ bodies: [Input],
        flushing: Bool,
        metadata: [String: String],
        _ caller: CallerAcknowledger
    ) -> [Message<Input>] {
        let acknowledgements = caller.acknowledgements(of: bodies.indices.lazy.map { .number(UInt64($0)) })
        return zip(bodies, acknowledgements).map { body, acknowledgement in
            var message = Message(body, metadata: metadata, acknowledgement: acknowledgement)
            message.flushesBatch = flushing
            return message
        }
    }
}
