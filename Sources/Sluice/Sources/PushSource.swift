/// The way to push events into a graph from outside of its stages, with back pressure: a full buffer makes senders wait.
///
/// ```swift
/// let numbers = PushSource<Int>(capacity: 100)
/// try await withStages { stages in
///     let source = stages.start(from: numbers)
///     let printed = stages.start { Printer() }
///     try await printed.subscribe(to: source)
///     stages.go()
///     for number in 1...1000 { try await numbers.send(number) }
///     numbers.finish()
/// }
/// ```
///
/// Any number of tasks may send. Each send is emitted whole, in its own order; senders that wait are served first come,
/// first served. Nothing is emitted before the sources run: whoever sends inside the body of `withStages` calls
/// ``Stages/go()`` first, or waits for ever when the buffer is full.
///
/// When the stage ends, by a failure, a cancellation, a drain or the loss of its last consumer, every send throws. What
/// was accepted by then and not emitted is in ``unsent``.
public final class PushSource<Event: Sendable>: Sendable {
    private let state: Lock<PushState>
    private let keepsUnsent: Bool

    // Made where the type is known: so it is compiled for it.
    private let append: @Sendable (_ event: Event, _ batch: inout EventBatch) -> Void

    /// Makes a source that waits to be started.
    ///
    /// - Parameters:
    ///   - capacity: How many events may be accepted before they are emitted, at least 1. One send of any size is accepted
    ///     when there are none.
    ///   - keepsUnsent: Whether events stay in ``unsent`` when the stage has ended; else they are released then.
    @inlinable
    public convenience init(capacity: Int, keepsUnsent: Bool = true) {
        self.init(capacity: capacity, keepsUnsent: keepsUnsent) { event, batch in batch.append(event) }
    }

    @usableFromInline
    init(
        capacity: Int,
        keepsUnsent: Bool,
        append: @escaping @Sendable (_ event: Event, _ batch: inout EventBatch) -> Void
    ) {
        precondition(capacity > 0, "A push source holds at least one event, not \(capacity)")
        self.append = append
        self.keepsUnsent = keepsUnsent
        state = Lock(PushState(queue: PushState.Queue(capacity: capacity)))
    }

    /// What was accepted and not emitted, in order.
    ///
    /// When the graph has ended, this is what never will be.
    public var unsent: [Event] { state.withLock { $0.queue.unsent }.array() }

    // MARK: Sending

    /// Sends an event; waits while the buffer is full.
    ///
    /// - Parameter event: Accepted when this returns: it is emitted unless the stage ends before. If it throws, the
    ///   event is not and will not be emitted.
    /// - Throws: `CancellationError` if the task is cancelled while this waits; ``StageError/Code/stageEnded`` after
    ///   ``finish()`` and after the stage's end, with the graph's first failure as its cause.
    public func send(_ event: Event) async throws {
        try await complete(state.withLock { $0.queue.offer { append(event, &$0) } })
    }

    /// Sends several events as one: no other sender's come in between.
    ///
    /// It waits until there is room for all of them, or for none but them.
    ///
    /// - Parameter events: Accepted, all of them, when this returns. If it throws, none of them is or will be emitted.
    /// - Throws: `CancellationError` if the task is cancelled while this waits; ``StageError/Code/stageEnded`` after
    ///   ``finish()`` and after the stage's end, with the graph's first failure as its cause.
    public func send(contentsOf events: some Sequence<Event>) async throws {
        let events = EventBatch(Array(events))
        try await complete(state.withLock { $0.queue.offer(events) })
    }

    /// Lets the stage finish after everything that was sent, sends that wait now included.
    ///
    /// Later sends throw. Nothing else happens if the source was told to end before.
    public func finish() {
        act { $0.queue.close(failing: nil) }
    }

    /// Lets the stage fail, and so the graph, after everything that was sent, sends that wait now included.
    ///
    /// Later sends throw. Nothing else happens if the source was told to end before.
    ///
    /// - Parameter error: What `withStages` throws if it is the graph's first failure.
    public func fail(_ error: any Error) {
        act { $0.queue.close(failing: error) }
    }

    private func complete(_ offer: PushState.Queue.Offer) async throws {
        switch offer {
        case .accepted(let effects): perform(effects)
        case .refused(let error): throw error
        case .waits(let number): try await wait(for: number)
        }
    }

    private func wait(for number: Int) async throws {
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                if let outcome = state.withLock({ $0.queue.park(continuation, for: number) }) {
                    continuation.resume(with: outcome)
                }
            }
        } onCancel: {
            act { $0.queue.cancel(number) }
        }
    }

    // MARK: The stage

    /// - Returns: False if the source was started before.
    func markStarted() -> Bool {
        state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
    }

    func run(in context: StageContext) {
        state.withLock { $0.context = context }
    }

    func take(_ demand: Int) throws -> [Event]? {
        let (events, effects) = try state.withLock { try $0.queue.take(demand) }
        perform(effects)
        return events?.array()
    }

    func end(_ error: any Error) {
        // The context refers to the stage: it is destroyed outside of the lock.
        _ = state.withLock { $0.context.take() }
        act { $0.queue.end(error) }
        // Outside of the lock as well: whoever releases an event may run code of its own.
        if !keepsUnsent { _ = state.withLock { $0.queue.takeUnsent() } }
    }

    private func act(_ transition: (inout PushState) -> PushState.Queue.Effects) {
        perform(state.withLock { transition(&$0) })
    }

    private func perform(_ effects: PushState.Queue.Effects) {
        for resumption in effects.resumed { resumption.waiter.resume(with: resumption.outcome) }
        if effects.wakes { state.withLock { $0.context }?.wake() }
    }
}

/// What a push source decides by; not generic, so that nothing about types is looked up for an event.
private struct PushState: ~Copyable {
    typealias Queue = PushQueue<UnsafeContinuation<Void, any Error>>

    var queue: Queue
    var isStarted = false
    /// Wakes the stage; absent when it does not run.
    var context: StageContext?
}
