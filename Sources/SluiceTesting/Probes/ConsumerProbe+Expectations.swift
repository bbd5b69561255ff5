import Synchronization

extension ConsumerProbe {
    /// Waits for a number of events, in whatever messages they come.
    ///
    /// - Parameters:
    ///   - count: How many, at least 0.
    ///   - limit: How long to wait for all of them, more than 0.
    ///   - fileID: Where the expectation is.
    ///   - line: Where the expectation is.
    /// - Returns: The events, in order.
    /// - Throws: ``ProbeFailure`` if fewer come; `CancellationError` if the task is cancelled.
    @discardableResult
    public func next(
        _ count: Int,
        within limit: Duration = .seconds(10),
        fileID: String = #fileID,
        line: Int = #line
    ) async throws -> [Event] {
        let events = try await take(count, within: limit)
        guard events.count == count else {
            throw await failure("\(count) events", events, fileID, line)
        }
        return events
    }

    /// Expects nothing that was not expected before.
    ///
    /// - Parameters:
    ///   - duration: How long nothing may come. Nil: until nothing can happen any more without a passing of time, which
    ///     only a ``DeterministicExecutor`` knows.
    ///   - fileID: Where the expectation is.
    ///   - line: Where the expectation is.
    /// - Throws: ``ProbeFailure`` if an event comes, or if there is neither a duration nor a deterministic executor;
    ///   `CancellationError` if the task is cancelled.
    public func expectNothing(
        for duration: Duration? = nil,
        fileID: String = #fileID,
        line: Int = #line
    ) async throws {
        if let duration {
            _ = try await changes.until(within: duration, on: clock) { [self] in
                state.withLock { $0.received > $0.expected }
            }
        }
        if let executor = DeterministicExecutor.current {
            await executor.idle()
        } else if duration == nil {
            throw ProbeFailure(
                expected: "nothing",
                got: "no duration: outside of a DeterministicExecutor nobody knows when nothing more can happen",
                fileID: fileID,
                line: line
            )
        }
        let events = state.withLock { Array($0.unexpected) }
        if !events.isEmpty { throw await failure("nothing", events, fileID, line) }
    }

    /// Expects the end of the stage, without a failure and with no more events before.
    ///
    /// A stage ends when every producer of it has finished. A graph that is cancelled ends it too.
    ///
    /// - Parameters:
    ///   - limit: How long to wait for it, more than 0.
    ///   - fileID: Where the expectation is.
    ///   - line: Where the expectation is.
    /// - Throws: ``ProbeFailure`` if something else comes; `CancellationError` if the task is cancelled.
    public func expectFinish(
        within limit: Duration = .seconds(10),
        fileID: String = #fileID,
        line: Int = #line
    ) async throws {
        let (hasEnded, cause) = try await end(within: limit, fileID, line)
        let events = state.withLock { Array($0.unexpected) }
        guard hasEnded, cause == nil, events.isEmpty else {
            throw await failure("the end", events, fileID, line)
        }
    }

    /// Expects a failure of the graph.
    ///
    /// The test's `withStages` throws it too.
    ///
    /// - Parameters:
    ///   - limit: How long to wait for it, more than 0.
    ///   - fileID: Where the expectation is.
    ///   - line: Where the expectation is.
    /// - Returns: The graph's first failure. Events that came before it are not looked at.
    /// - Throws: ``ProbeFailure`` if something else comes; `CancellationError` if the task is cancelled.
    @discardableResult
    public func expectFailure(
        within limit: Duration = .seconds(10),
        fileID: String = #fileID,
        line: Int = #line
    ) async throws -> any Error {
        let (hasEnded, cause) = try await end(within: limit, fileID, line)
        guard hasEnded, let cause else {
            throw await failure("a failure", state.withLock { Array($0.unexpected) }, fileID, line)
        }
        return cause
    }

    /// Takes as many events as come within a limit, or before the end of the stage.
    func take(_ count: Int, within limit: Duration) async throws -> [Event] {
        precondition(count >= 0, "There are no \(count) events")
        _ = try await changes.until(within: limit, on: clock) { [self] in
            state.withLock { $0.received - $0.expected >= count || $0.hasEnded }
        }
        return state.withLock { state in
            let events = state.unexpected.prefix(count)
            state.expected += events.count
            return Array(events)
        }
    }

    private func end(
        within limit: Duration,
        _ fileID: String,
        _ line: Int
    ) async throws -> (hasEnded: Bool, cause: (any Error)?) {
        guard let cause = state.withLock({ $0.cause }) else {
            throw ProbeFailure(
                expected: "a stage that was started by stages.start(probe)",
                got: "a probe that cannot know why its stage ends",
                fileID: fileID,
                line: line
            )
        }
        let hasEnded = try await changes.until(within: limit, on: clock) { [self] in state.withLock { $0.hasEnded } }
        return (hasEnded, hasEnded ? await cause() : nil)
    }

    private func failure(_ expected: String, _ events: [Event], _ fileID: String, _ line: Int) async -> ProbeFailure {
        let (hasEnded, cause) = state.withLock { ($0.hasEnded, $0.cause) }
        var got = events.isEmpty ? "nothing" : "\(events)"
        if hasEnded {
            let error = await cause?()
            got = (events.isEmpty ? "" : got + " and ") + (error.map { "the failure \($0)" } ?? "the end")
        }
        return ProbeFailure(expected: expected, got: got, fileID: fileID, line: line)
    }
}

extension ConsumerProbe where Event: Equatable {
    /// Expects events, in whatever messages they come.
    ///
    /// - Parameters:
    ///   - events: The next events, in order. More may come after them.
    ///   - limit: How long to wait for all of them, more than 0.
    ///   - fileID: Where the expectation is.
    ///   - line: Where the expectation is.
    /// - Throws: ``ProbeFailure`` if others come, or fewer; `CancellationError` if the task is cancelled.
    public func expect(
        _ events: [Event],
        within limit: Duration = .seconds(10),
        fileID: String = #fileID,
        line: Int = #line
    ) async throws {
        let next = try await take(events.count, within: limit)
        if next != events { throw await failure("\(events)", next, fileID, line) }
    }
}
