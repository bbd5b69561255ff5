/// A user's stage while it runs, without its type: only the stage's own task has it.
///
/// The subclasses know the types, one for each stage protocol.
class RunningStage {
    /// Calls a producer; nil: it will emit no more.
    func handleDemand(_ demand: Int) async throws -> Batch? { nil }

    /// Calls any other stage; nil: it emits nothing.
    func handleEvents(
        _ events: consuming EventQueue,
        from id: SubscriptionID,
        of storage: StageStorage
    ) async throws -> Batch? {
        nil
    }

    /// Tells a manual stage of a subscription.
    func subscribed(_ subscription: ManualSubscription) async throws {}

    /// The same stage with its type.
    final func cell<S: Stage>(of type: S.Type) -> StageCell<S> {
        // Only the typed handle of the same stage asks. Debug builds check.
        unsafeDowncast(self, to: StageCell<S>.self)
    }
}

/// The place of a stage's value.
class StageCell<S: Stage>: RunningStage {
    /// Not a property of the class itself: the stage's task has the value alone, so its accesses need no checks at run
    /// time, which would be recorded over every wait of a handler.
    final let place: UnsafeMutablePointer<S>

    init(_ stage: S) {
        place = .allocate(capacity: 1)
        place.initialize(to: stage)
    }

    deinit {
        place.deinitialize(count: 1)
        place.deallocate()
    }
}

// The types of events are parameters of their own: so they are at hand, and not looked up for every batch. An empty
// batch is the pattern for those that the stage emits, for the same reason.

final class RunningProducer<S: Producer, Output>: StageCell<S> where S.Output == Output {
    private let pattern = Batch([] as [Output])

    override func handleDemand(_ demand: Int) async throws -> Batch? {
        guard let events = try await place.pointee.handleDemand(demand) else { return nil }
        return pattern.with(events)
    }
}

final class RunningProducerConsumer<S: ProducerConsumer, Input, Output>: StageCell<S>
where S.Input == Input, S.Output == Output {
    private let pattern = Batch([] as [Output])

    override func handleEvents(
        _ events: consuming EventQueue,
        from _: SubscriptionID,
        of _: StageStorage
    ) async throws -> Batch? {
        pattern.with(try await place.pointee.handleEvents(events.array(of: Input.self)))
    }
}

final class RunningConsumer<S: Consumer, Input>: StageCell<S> where S.Input == Input {
    override func handleEvents(
        _ events: consuming EventQueue,
        from _: SubscriptionID,
        of _: StageStorage
    ) async throws -> Batch? {
        try await place.pointee.handleEvents(events.array(of: Input.self))
        return nil
    }
}

final class RunningManualConsumer<S: ManualConsumer, Input>: StageCell<S> where S.Input == Input {
    override func handleEvents(
        _ events: consuming EventQueue,
        from id: SubscriptionID,
        of storage: StageStorage
    ) async throws -> Batch? {
        let subscription = ManualSubscription(id: id, stage: storage)
        try await place.pointee.handleEvents(events.array(of: Input.self), from: subscription)
        return nil
    }

    override func subscribed(_ subscription: ManualSubscription) async throws {
        try await place.pointee.subscribed(subscription)
    }
}

final class RunningManualProducerConsumer<S: ManualProducerConsumer, Input, Output>: StageCell<S>
where S.Input == Input, S.Output == Output {
    private let pattern = Batch([] as [Output])

    override func handleEvents(
        _ events: consuming EventQueue,
        from id: SubscriptionID,
        of storage: StageStorage
    ) async throws -> Batch? {
        let subscription = ManualSubscription(id: id, stage: storage)
        return pattern.with(try await place.pointee.handleEvents(events.array(of: Input.self), from: subscription))
    }

    override func subscribed(_ subscription: ManualSubscription) async throws {
        try await place.pointee.subscribed(subscription)
    }
}
