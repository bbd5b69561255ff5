/// What a failure does to a stage, decided by its group.
extension StageStorage {
    var supervisor: Supervisor { scope.supervisor }

    /// The form of a hook that knows no types.
    static func hook<Event: Sendable>(_ lost: (@Sendable ([Event], any Error) -> Void)?) -> LostHook? {
        guard let lost else { return nil }
        return { events, error in lost(events.array(of: Event.self), error) }
    }

    /// Stops the stage, to be started afresh.
    func restart() {
        apply { $0.halt(.restart) }
    }

    /// Stops the stage, to end for good because another has failed.
    func end(because error: any Error) {
        apply { $0.halt(.end(error)) }
    }

    /// Ends the stage for good: what it has emitted is still delivered, what waits for it is lost.
    func end(_ error: any Error) {
        let remains = crew?.close()
        if let remains { apply { $0.emit(remains.results) } }
        apply { $0.fail(error) }
        reportLost(error)
        if let remains { lost(remains.waiting, error) }
    }

    /// Tells of what a failed stage has received and will never handle.
    func reportLost(_ error: any Error) {
        let lost = machine.withLock { $0.takeReceived() }
        for events in lost { self.lost(events, error) }
    }

    /// Tells of events that a handler had when it failed.
    ///
    /// - Returns: The error, to be thrown on.
    func failure<Event: Sendable>(_ error: any Error, losing events: [Event]) -> any Error {
        lost(EventBatch(events), error)
        return error
    }

    func lost(_ events: EventBatch, _ error: any Error) {
        var queue = EventQueue()
        queue.append(events)
        lost(queue, error)
    }

    private func lost(_ events: consuming EventQueue, _ error: any Error) {
        guard !events.isEmpty else { return }
        machine.withLock { $0.lost(events.count) }
        lostHook?(events, error)
    }
}
