import SluiceTesting

@testable import Sluice

/// The started stages of a plan, to be reached by number.
struct SimulatedGraph: Sendable {
    private enum Node: Sendable {
        case source(StageHandle<SimulatedSource>)
        case relay(StageHandle<SimulatedRelay>)
        case manualRelay(StageHandle<SimulatedManualRelay>)
        case sink(StageHandle<SimulatedSink>)
        case manualSink(StageHandle<SimulatedManualSink>)
    }

    private let nodes: [Node]
    private let journal: SimulationJournal

    init(
        _ plan: SimulationPlan,
        _ stages: Stages,
        _ journal: SimulationJournal,
        _ clock: TestClock,
        faulty: FaultyDispatcher?
    ) {
        self.journal = journal
        var nodes: [Node] = []
        let dispatchers = plan.isManual.indices.map { index in
            if index == 0, let faulty { return SimulatedDispatcher(faulty) }
            return SimulatedDispatcher(plan.dispatchers[index])
        }
        let lost: @Sendable ([SimulatedEvent], any Error) -> Void = { events, _ in journal.fate(events, "lost") }
        let options = EmissionOptions<SimulatedEvent>(discarded: { events, reason in
            // A copy of an event that others have got.
            switch reason {
            case .lagging, .abandoned: journal.fate(events, "copy")
            default: journal.fate(events, "discarded")
            }
        })
        var groups: [Stages] = []
        for group in plan.groups {
            let parent = group.parent.map { groups[$0] } ?? stages
            groups.append(
                parent.group(restart: group.restart, strategy: group.strategy, surrender: group.surrender)
            )
        }
        let homes = plan.memberships.map { $0.map { groups[$0] } ?? stages }
        let sources = plan.sources.indices.map { index in
            let source = plan.sources[index]
            let life: @Sendable () throws -> StageLife = { try StageLife(index, plan, journal, clock) }
            return homes[index].start("\(index)", dispatcher: dispatchers[index], options: options) { context in
                SimulatedSource(life: try life(), plan: source, context: context)
            }.stage
        }
        nodes = sources.map(Node.source)
        for (layer, transform) in zip(plan.layers.dropFirst(), plan.transforms) {
            for index in layer {
                let life: @Sendable () throws -> StageLife = { try StageLife(index, plan, journal, clock) }
                nodes.append(
                    plan.isManual[index]
                        ? .manualRelay(
                            homes[index].start("\(index)", dispatcher: dispatchers[index], options: options, lost: lost)
                            {
                                SimulatedManualRelay(life: try life(), transform: transform)
                            }.stage
                        )
                        : .relay(
                            homes[index].start("\(index)", dispatcher: dispatchers[index], options: options, lost: lost)
                            {
                                SimulatedRelay(life: try life(), transform: transform)
                            }.stage
                        )
                )
            }
        }
        for index in plan.layers.last ?? [] {
            let life: @Sendable () throws -> StageLife = { try StageLife(index, plan, journal, clock) }
            nodes.append(
                plan.isManual[index]
                    ? .manualSink(homes[index].start("\(index)", lost: lost) { SimulatedManualSink(life: try life()) })
                    : .sink(
                        homes[index].start("\(index)", lost: lost) {
                            SimulatedSink(life: try life(), source: sources[0])
                        }
                    )
            )
        }
        self.nodes = nodes
    }

    func perform(on index: Int) async throws {
        switch nodes[index] {
        case .source(let handle): try await handle.perform { $0.touches += 1 }
        case .relay(let handle): try await handle.perform { $0.touches += 1 }
        case .manualRelay(let handle): try await handle.perform { $0.touches += 1 }
        case .sink(let handle): try await handle.perform { $0.touches += 1 }
        case .manualSink(let handle): try await handle.perform { $0.touches += 1 }
        }
    }

    /// Lets a source emit more, or end.
    func feed(_ index: Int, _ count: Int) async throws {
        guard case .source(let handle) = nodes[index] else { return }
        try await handle.perform { source in
            if count > 0 { source.life.memory.fed += count } else { source.life.memory.isClosed = true }
        }
    }

    func disconnect(_ subscription: Subscription, from producer: Int) {
        switch nodes[producer] {
        case .source(let handle): handle.disconnect(subscription)
        case .relay(let handle): handle.disconnect(subscription)
        case .manualRelay(let handle): handle.disconnect(subscription)
        case .sink, .manualSink: break
        }
    }

    func resubscribe(_ subscription: Subscription, to producer: Int) async throws {
        switch nodes[producer] {
        case .source(let handle):
            try await DispatchingStage<_, SimulatedDispatcher>(stage: handle).resubscribe(subscription, as: ())
        case .relay(let handle):
            try await DispatchingStage<_, SimulatedDispatcher>(stage: handle).resubscribe(subscription, as: ())
        case .manualRelay(let handle):
            try await DispatchingStage<_, SimulatedDispatcher>(stage: handle).resubscribe(subscription, as: ())
        case .sink, .manualSink: break
        }
    }

    func connect(_ edge: SimulationPlan.Edge) async throws -> Subscription {
        switch nodes[edge.producer] {
        case .source(let producer): try await connect(edge, to: producer)
        case .relay(let producer): try await connect(edge, to: producer)
        case .manualRelay(let producer): try await connect(edge, to: producer)
        case .sink, .manualSink: preconditionFailure("Stage \(edge.producer) of the plan emits nothing")
        }
    }

    private func connect<S: EmittingStage>(
        _ edge: SimulationPlan.Edge,
        to producer: StageHandle<S>
    ) async throws -> Subscription where S.Output == SimulatedEvent {
        let subscription =
            switch nodes[edge.consumer] {
            case .relay(let consumer):
                try await consumer.subscribe(to: producer, maxDemand: edge.max, minDemand: edge.min, mode: edge.mode)
            case .sink(let consumer):
                try await consumer.subscribe(to: producer, maxDemand: edge.max, minDemand: edge.min, mode: edge.mode)
            case .manualRelay(let consumer):
                try await consumer.subscribe(to: producer, mode: edge.mode)
            case .manualSink(let consumer):
                try await consumer.subscribe(to: producer, mode: edge.mode)
            case .source: preconditionFailure("Stage \(edge.consumer) of the plan receives nothing")
            }
        journal.subscribed(subscription.id, max: edge.max)
        return subscription
    }
}
