/// A user's stage while it runs, without its type: only the stage's own task has it.
///
/// The subclasses know the types, one for each stage protocol. Each has its own loop around the call of the stage's
/// handler: a function more between the two costs a twentieth of what a batch costs.
class RunningStage {
    /// Calls the stage's handlers until it has come to its end.
    func run(in storage: StageStorage) async throws {}

    /// Tells a manual stage of a subscription.
    func subscribed(_ subscription: ManualSubscription) async throws {}

    /// Lets the stage give out what it keeps, when nothing more will come.
    func end(in storage: StageStorage) async throws {
        storage.handled(emitting: nil)
    }

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

// The types of events are parameters of their own: so they are at hand, and not looked up for every batch.

final class RunningProducer<S: Producer, Output>: StageCell<S> where S.Output == Output {
    override func run(in storage: StageStorage) async throws {
        while true {
            switch storage.nextWork() {
            case .demand(let demand):
                let events = try await place.pointee.handleDemand(demand)
                if let events { storage.handled(emitting: EventBatch(events)) } else { storage.finish() }
            case nil:
                await storage.park()
            case .some(let other):
                guard try await storage.perform(other, self) else { return }
            }
        }
    }
}

final class RunningProducerConsumer<S: ProducerConsumer, Input, Output>: StageCell<S>
where S.Input == Input, S.Output == Output {
    override func run(in storage: StageStorage) async throws {
        while true {
            switch storage.nextWork() {
            case .handle(var events, _):
                let received = events.take().array(of: Input.self)
                let emitted: [Output]
                do {
                    emitted = try await place.pointee.handleEvents(received)
                } catch {
                    throw storage.failure(error, losing: received)
                }
                storage.handled(emitting: EventBatch(emitted))
            case nil:
                await storage.park()
            case .some(let other):
                guard try await storage.perform(other, self) else { return }
            }
        }
    }

    override func end(in storage: StageStorage) async throws {
        storage.handled(emitting: EventBatch(try await place.pointee.handleEnd()))
    }
}

final class RunningConsumer<S: Consumer, Input>: StageCell<S> where S.Input == Input {
    override func run(in storage: StageStorage) async throws {
        while true {
            switch storage.nextWork() {
            case .handle(var events, _):
                let received = events.take().array(of: Input.self)
                do {
                    try await place.pointee.handleEvents(received)
                } catch {
                    throw storage.failure(error, losing: received)
                }
                storage.handled(emitting: nil)
            case nil:
                await storage.park()
            case .some(let other):
                guard try await storage.perform(other, self) else { return }
            }
        }
    }

    override func end(in storage: StageStorage) async throws {
        try await place.pointee.handleEnd()
        storage.handled(emitting: nil)
    }
}

final class RunningManualConsumer<S: ManualConsumer, Input>: StageCell<S> where S.Input == Input {
    override func run(in storage: StageStorage) async throws {
        while true {
            switch storage.nextWork() {
            case .handle(var events, let id):
                let subscription = ManualSubscription(id: id, stage: storage)
                let received = events.take().array(of: Input.self)
                do {
                    try await place.pointee.handleEvents(received, from: subscription)
                } catch {
                    throw storage.failure(error, losing: received)
                }
                storage.handled(emitting: nil)
            case nil:
                await storage.park()
            case .some(let other):
                guard try await storage.perform(other, self) else { return }
            }
        }
    }

    override func subscribed(_ subscription: ManualSubscription) async throws {
        try await place.pointee.subscribed(subscription)
    }

    override func end(in storage: StageStorage) async throws {
        try await place.pointee.handleEnd()
        storage.handled(emitting: nil)
    }
}

final class RunningManualProducerConsumer<S: ManualProducerConsumer, Input, Output>: StageCell<S>
where S.Input == Input, S.Output == Output {
    override func run(in storage: StageStorage) async throws {
        while true {
            switch storage.nextWork() {
            case .handle(var events, let id):
                let subscription = ManualSubscription(id: id, stage: storage)
                let received = events.take().array(of: Input.self)
                let emitted: [Output]
                do {
                    emitted = try await place.pointee.handleEvents(received, from: subscription)
                } catch {
                    throw storage.failure(error, losing: received)
                }
                storage.handled(emitting: EventBatch(emitted))
            case nil:
                await storage.park()
            case .some(let other):
                guard try await storage.perform(other, self) else { return }
            }
        }
    }

    override func subscribed(_ subscription: ManualSubscription) async throws {
        try await place.pointee.subscribed(subscription)
    }

    override func end(in storage: StageStorage) async throws {
        storage.handled(emitting: EventBatch(try await place.pointee.handleEnd()))
    }
}
