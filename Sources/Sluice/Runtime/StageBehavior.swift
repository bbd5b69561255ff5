/// How the runtime calls a user's stage: one set of functions for each of the stage protocols.
struct StageBehavior<S: Stage>: Sendable {
    let kind: StageKind
    /// Nil for a stage that does not call its producer for demand.
    var handleDemand: @Sendable (inout S, Int) async throws -> [S.Output]? = { _, _ in nil }
    var handleEvents: @Sendable (inout S, [S.Input], ManualSubscription) async throws -> [S.Output] = { _, _, _ in [] }
    var subscribed: @Sendable (inout S, ManualSubscription) async throws -> Void = { _, _ in }
}

extension StageBehavior where S: Producer {
    static var producer: StageBehavior {
        StageBehavior(kind: .producer, handleDemand: { stage, demand in try await stage.handleDemand(demand) })
    }
}

extension StageBehavior where S: ProducerConsumer {
    static var producerConsumer: StageBehavior {
        StageBehavior(
            kind: .producerConsumer,
            handleEvents: { stage, events, _ in try await stage.handleEvents(events) }
        )
    }
}

extension StageBehavior where S: Consumer {
    static var consumer: StageBehavior {
        StageBehavior(
            kind: .consumer,
            handleEvents: { stage, events, _ in
                try await stage.handleEvents(events)
                return []
            }
        )
    }
}

extension StageBehavior where S: ManualConsumer {
    static var manualConsumer: StageBehavior {
        StageBehavior(
            kind: .consumer,
            handleEvents: { stage, events, subscription in
                try await stage.handleEvents(events, from: subscription)
                return []
            },
            subscribed: { stage, subscription in try await stage.subscribed(subscription) }
        )
    }
}

extension StageBehavior where S: ManualProducerConsumer {
    static var manualProducerConsumer: StageBehavior {
        StageBehavior(
            kind: .producerConsumer,
            handleEvents: { stage, events, subscription in
                try await stage.handleEvents(events, from: subscription)
            },
            subscribed: { stage, subscription in try await stage.subscribed(subscription) }
        )
    }
}
