/// How the runtime makes and calls a user's stage: functions that know its types, one set for each stage protocol.
struct StageBehavior: Sendable {
    let kind: StageKind
    let make: @Sendable (StageContext) async throws -> StageValue
    var handleDemand: @Sendable (StageValue, Int) async throws -> Batch? = { _, _ in nil }
    var handleEvents: @Sendable (StageValue, EventQueue, ManualSubscription) async throws -> Batch? = { _, _, _ in nil }
    var subscribed: @Sendable (StageValue, ManualSubscription) async throws -> Void = { _, _ in }
}

/// A stage's value at rest, without its type; only the stage's own task has it.
class StageValue {
    /// The value's place, with its type.
    final func cell<S: Stage>(of type: S.Type) -> StageCell<S> {
        // The functions that made the cell, and the typed handle of the same stage, are all that ask. Debug builds check.
        unsafeDowncast(self, to: StageCell<S>.self)
    }
}

/// Where a stage's value is.
final class StageCell<S: Stage>: StageValue {
    var stage: S

    init(_ stage: S) {
        self.stage = stage
    }
}

extension StageBehavior {
    static func producer<S: Producer>(_ make: @escaping @Sendable (StageContext) async throws -> S) -> StageBehavior {
        StageBehavior(
            kind: .producer,
            make: { StageCell(try await make($0)) },
            handleDemand: { value, demand in
                try await value.cell(of: S.self).stage.handleDemand(demand).map { Batch($0) }
            }
        )
    }

    static func producerConsumer<S: ProducerConsumer>(
        _ make: @escaping @Sendable (StageContext) async throws -> S
    ) -> StageBehavior {
        StageBehavior(
            kind: .producerConsumer,
            make: { StageCell(try await make($0)) },
            handleEvents: { value, events, _ in
                Batch(try await value.cell(of: S.self).stage.handleEvents(events.array()))
            }
        )
    }

    static func consumer<S: Consumer>(_ make: @escaping @Sendable (StageContext) async throws -> S) -> StageBehavior {
        StageBehavior(
            kind: .consumer,
            make: { StageCell(try await make($0)) },
            handleEvents: { value, events, _ in
                try await value.cell(of: S.self).stage.handleEvents(events.array())
                return nil
            }
        )
    }

    static func manualConsumer<S: ManualConsumer>(
        _ make: @escaping @Sendable (StageContext) async throws -> S
    ) -> StageBehavior {
        StageBehavior(
            kind: .consumer,
            make: { StageCell(try await make($0)) },
            handleEvents: { value, events, subscription in
                try await value.cell(of: S.self).stage.handleEvents(events.array(), from: subscription)
                return nil
            },
            subscribed: { value, subscription in try await value.cell(of: S.self).stage.subscribed(subscription) }
        )
    }

    static func manualProducerConsumer<S: ManualProducerConsumer>(
        _ make: @escaping @Sendable (StageContext) async throws -> S
    ) -> StageBehavior {
        StageBehavior(
            kind: .producerConsumer,
            make: { StageCell(try await make($0)) },
            handleEvents: { value, events, subscription in
                Batch(try await value.cell(of: S.self).stage.handleEvents(events.array(), from: subscription))
            },
            subscribed: { value, subscription in try await value.cell(of: S.self).stage.subscribed(subscription) }
        )
    }
}
