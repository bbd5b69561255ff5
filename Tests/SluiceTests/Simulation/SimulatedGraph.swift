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
            if index == 0, let faulty { return SimulatedDispatcher(.faulty(faulty)) }
            return SimulatedDispatcher(plan.takesTurns[index] ? .roundRobin : .demand)
        }
        let sources = plan.sources.indices.map { index in
            let source = plan.sources[index]
            let life: @Sendable () -> StageLife = { StageLife(index, plan, journal, clock) }
            return stages.start("\(index)", dispatcher: dispatchers[index]) { context in
                SimulatedSource(life: life(), plan: source, context: context)
            }.stage
        }
        nodes = sources.map(Node.source)
        for (layer, transform) in zip(plan.layers.dropFirst(), plan.transforms) {
            for index in layer {
                let life: @Sendable () -> StageLife = { StageLife(index, plan, journal, clock) }
                nodes.append(
                    plan.isManual[index]
                        ? .manualRelay(
                            stages.start("\(index)", dispatcher: dispatchers[index]) {
                                SimulatedManualRelay(life: life(), transform: transform)
                            }.stage
                        )
                        : .relay(
                            stages.start("\(index)", dispatcher: dispatchers[index]) {
                                SimulatedRelay(life: life(), transform: transform)
                            }.stage
                        )
                )
            }
        }
        for index in plan.layers.last ?? [] {
            let life: @Sendable () -> StageLife = { StageLife(index, plan, journal, clock) }
            nodes.append(
                plan.isManual[index]
                    ? .manualSink(stages.start("\(index)") { SimulatedManualSink(life: life()) })
                    : .sink(stages.start("\(index)") { SimulatedSink(life: life(), source: sources[0]) })
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
            if count > 0 { source.fed += count } else { source.isClosed = true }
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
                try await consumer.subscribe(to: producer, maxDemand: edge.max, minDemand: edge.min)
            case .sink(let consumer):
                try await consumer.subscribe(to: producer, maxDemand: edge.max, minDemand: edge.min)
            case .manualRelay(let consumer):
                try await consumer.subscribe(to: producer)
            case .manualSink(let consumer):
                try await consumer.subscribe(to: producer)
            case .source: preconditionFailure("Stage \(edge.consumer) of the plan receives nothing")
            }
        journal.subscribed(subscription.id, max: edge.max)
        return subscription
    }
}
