import SluiceTesting

@testable import Sluice

/// A random graph and what happens to it, made from a seed.
struct SimulationPlan: Sendable {
    enum SourceKind: CaseIterable, Sendable {
        /// Returns what was asked for.
        case exact
        /// Returns between one event and all that was asked for.
        case fewer
        /// Returns more than was asked for.
        case surplus
        /// Returns an empty array now and then, and is woken.
        case drowsy
        /// Emits only what the body gives it by `perform`.
        case fed
    }

    struct Source: Sendable {
        var kind: SourceKind
        var total: Int
    }

    struct Edge: Sendable {
        var producer: Int
        var consumer: Int
        var max: Int
        var min: Int
        var mode = SubscriptionMode.transient
    }

    /// Stages that are supervised together.
    struct Group: Sendable {
        /// The group that it is in; nil: the graph.
        var parent: Int?
        var restart: RestartPolicy
        var strategy: RestartStrategy
        var surrender: Surrender
    }

    /// A stage throws in one of its calls; in call 0 it cannot be made.
    struct Failure: Sendable {
        var stage: Int
        var call: Int
    }

    enum Action: Sendable {
        case perform(Int)
        case feed(Int, Int)
        case subscribe(Edge)
        case cancel(Int)
        case disconnect(Int)
        case resubscribe(Int)
        case pause(Int)
        case resume(Int)
        case drain(Duration?)
        case go
    }

    /// Which ways to end before all is done may occur.
    enum Temper: Sendable {
        /// Nothing is ever lost.
        case calm
        case stormy
    }

    let seed: UInt64
    var sources: [Source] = []
    var transforms: [Transform] = []
    /// The stages of each layer; the first layer is the sources, the last the consumers.
    var layers: [[Int]] = []
    /// Whether each stage decides itself how much to ask for.
    var isManual: [Bool] = []
    /// Of each stage.
    var dispatchers: [SimulatedDispatcher.Kind] = []
    var groups: [Group] = []
    /// The group of each stage.
    var memberships: [Int?] = []
    var edges: [Edge] = []
    var script: [Action] = []
    var failures: [Failure] = []
    /// After how many seconds the task that runs the graph is cancelled.
    var cancelledAfter: Int?

    var stageCount: Int { isManual.count }
    var hasDeadline: Bool {
        script.contains { if case .drain(.some) = $0 { true } else { false } }
    }

    init(seed: UInt64, temper: Temper = .stormy) {
        self.seed = seed
        var generator = SeededGenerator(seed: seed)
        makeStages(&generator)
        dispatchers = isManual.map { _ in
            guard temper == .stormy else { return generator.chance(3) ? .roundRobin : .demand }
            return generator.chance(2)
                ? .demand : SimulatedDispatcher.Kind.allCases.randomElement(using: &generator) ?? .demand
        }
        memberships = isManual.map { _ in nil }
        makeEdges(&generator)
        makeScript(temper, &generator)
        guard temper == .stormy else { return }
        makeFailures(&generator)
        if generator.chance(8) { cancelledAfter = Int.random(in: 0...8, using: &generator) }
    }

    private mutating func makeFailures(_ generator: inout SeededGenerator) {
        guard generator.chance(2) else { return }
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let waits = [Backoff.none, Backoff(base: .seconds(1), maximum: .seconds(4))]
            let strategies: [RestartStrategy] = [.oneForOne, .restForOne, .oneForAll]
            groups.append(
                Group(
                    parent: generator.chance(2) ? groups.indices.randomElement(using: &generator) : nil,
                    restart: .upTo(
                        Int.random(in: 1...3, using: &generator),
                        within: .seconds(Int.random(in: 1...20, using: &generator)),
                        backoff: waits.randomElement(using: &generator) ?? .none
                    ),
                    strategy: strategies.randomElement(using: &generator) ?? .oneForOne,
                    surrender: generator.chance(2) ? .endStages : .escalate
                )
            )
        }
        for stage in 0..<stageCount where !groups.isEmpty && !generator.chance(5) {
            memberships[stage] = groups.indices.randomElement(using: &generator)
        }
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let stage = Int.random(in: 0..<stageCount, using: &generator)
            failures.append(Failure(stage: stage, call: Int.random(in: 0...6, using: &generator)))
        }
        for index in edges.indices where generator.chance(3) {
            edges[index].mode = generator.chance(2) ? .temporary : .permanent
        }
    }

    private mutating func makeStages(_ generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let kind = SourceKind.allCases.randomElement(using: &generator) ?? .exact
            sources.append(Source(kind: kind, total: Int.random(in: 0...30, using: &generator)))
        }
        layers = [Array(sources.indices)]
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            transforms.append(Transform.allCases.randomElement(using: &generator) ?? .identity)
        }
        isManual = sources.map { _ in false }
        for _ in 0...transforms.count {
            let count = Int.random(in: 1...3, using: &generator)
            layers.append(Array(stageCount..<stageCount + count))
            for _ in 0..<count { isManual.append(generator.chance(3)) }
        }
    }

    /// Every stage gets a producer in the layer before and a consumer in the layer after.
    private mutating func makeEdges(_ generator: inout SeededGenerator) {
        for (before, after) in zip(layers, layers.dropFirst()) {
            for consumer in after {
                edges.append(edge(from: before.randomElement(using: &generator) ?? 0, to: consumer, &generator))
            }
            for producer in before where !edges.contains(where: { $0.producer == producer }) || generator.chance(3) {
                let consumer = after.randomElement(using: &generator) ?? 0
                guard isManual[consumer] || !isConnected(producer, consumer) else { continue }
                edges.append(edge(from: producer, to: consumer, &generator))
            }
        }
        edges.shuffle(using: &generator)
    }

    private mutating func makeScript(_ temper: Temper, _ generator: inout SeededGenerator) {
        for stage in layers.joined() where generator.chance(3) { script.append(.perform(stage)) }
        for (source, plan) in sources.enumerated() where plan.kind == .fed {
            for _ in 0..<3 { script.append(.feed(source, Int.random(in: 1...15, using: &generator))) }
        }
        for index in edges.indices where generator.chance(6) && hasOtherConsumer(than: index) {
            script.append(generator.chance(2) ? .cancel(index) : .disconnect(index))
        }
        for index in edges.indices where temper == .stormy && generator.chance(8) {
            script.append(dispatchers[edges[index].producer].keeps ? .resubscribe(index) : .pause(index))
        }
        for (before, after) in zip(layers, layers.dropFirst()) where generator.chance(4) {
            let producer = before.randomElement(using: &generator) ?? 0
            let consumer = after.randomElement(using: &generator) ?? 0
            guard isManual[consumer] || !isConnected(producer, consumer) else { continue }
            script.append(.subscribe(edge(from: producer, to: consumer, &generator)))
        }
        if generator.chance(2) { script.append(.go) }
        if generator.chance(5) {
            let deadline = temper == .stormy && generator.chance(2) ? Int.random(in: 0...12, using: &generator) : nil
            script.append(.drain(deadline.map { .seconds($0) }))
        }
        script.shuffle(using: &generator)
        // What is never resumed would never come to its end.
        for case .pause(let index) in script { script.append(.resume(index)) }
    }

    private func isConnected(_ producer: Int, _ consumer: Int) -> Bool {
        edges.contains { $0.producer == producer && $0.consumer == consumer }
    }

    private func hasOtherConsumer(than index: Int) -> Bool {
        let cancelled = script.compactMap { action -> Int? in
            switch action {
            case .cancel(let edge), .disconnect(let edge): edge
            default: nil
            }
        }
        return edges.indices.contains { other in
            other != index && !cancelled.contains(other) && edges[other].producer == edges[index].producer
        }
    }

    private func edge(from producer: Int, to consumer: Int, _ generator: inout SeededGenerator) -> Edge {
        let max = Int.random(in: 1...12, using: &generator)
        return Edge(producer: producer, consumer: consumer, max: max, min: Int.random(in: 0..<max, using: &generator))
    }
}

extension SeededGenerator {
    /// True once in `count` times.
    mutating func chance(_ count: Int) -> Bool {
        Int.random(in: 0..<count, using: &self) == 0
    }
}
