/// A graph at one moment: its stages and subscriptions, the demand between them, and every place where events wait.
///
/// Each stage is read by itself while all of them go on, so two stages' numbers can be some events apart.
public struct GraphSnapshot: Codable, Sendable {
    /// One stage.
    public struct Stage: Codable, Sendable {
        /// Its name.
        public internal(set) var name = ""
        /// Which ends it has.
        public let kind: StageKind
        /// What it does.
        public internal(set) var activity: StageActivity
        /// How many events it has ever emitted.
        public let emitted: Int
        /// How many events its consumers want beyond what it has emitted.
        public let demand: Int
        /// Emitted events that no consumer wants yet, or that are being delivered.
        public internal(set) var buffered: Int
        /// Emitted events in its dispatcher's own queues.
        public let keptByDispatcher: Int
        /// Received events that wait for its handler; those in the handler are not counted.
        public internal(set) var waiting: Int
        /// How many emitted events nobody got: see ``DiscardReason``.
        public let discarded: Int
        /// How many received events no handler has dealt with, because of failures.
        public let lost: Int
        /// How it has spent its time; nil if the graph is not measured, and for a ``WorkerPool``, whose workers spend it.
        public internal(set) var times: StageTimes?

        let isStalled: Bool

        /// Adds what a pool's workers have, which its machine has passed on.
        mutating func add(_ counts: WorkerPoolCounts) {
            waiting += counts.waiting
            buffered += counts.undelivered
            guard activity != .ended, counts.active + counts.undelivered > 0 else { return }
            activity = counts.active > 0 ? .busy : .waitingForDemand
        }
    }

    /// One subscription.
    public struct Edge: Codable, Sendable {
        /// The subscription's number in its graph.
        public let subscription: Int
        /// The producer, as an index into the stages.
        public let producer: Int
        /// The consumer, as an index into the stages.
        public let consumer: Int
        /// Everything ever asked for.
        public let asked: Int
        /// Everything ever delivered.
        public let delivered: Int

        /// What was asked for and not delivered.
        public var outstanding: Int { asked - delivered }
    }

    /// The stages in the order in which they were started.
    public let stages: [Stage]

    /// The subscriptions in the order in which they were made.
    public let edges: [Edge]

    /// The names of stages that keep events which a consumer wants, while nobody delivers them.
    ///
    /// There are none. If there is one, it is a defect of this library or of a dispatcher: please report it.
    public var stalled: [String] { stages.filter(\.isStalled).map(\.name) }
}

extension Stages {
    /// Looks at the graph without stopping it.
    ///
    /// It takes each stage's lock for a moment, so it may be called often: ten times a second is cheap. When
    /// `withStages` is over it shows how everything ended.
    ///
    /// - Returns: What there is.
    public func snapshot() -> GraphSnapshot {
        scope.snapshot()
    }
}

extension ScopeStorage {
    func snapshot() -> GraphSnapshot {
        if let lastSnapshot { return lastSnapshot }
        let nodes = nodes
        var places: [StageID: Int] = [:]
        for (index, node) in nodes.enumerated() { places[node.id] = index }
        var stages: [GraphSnapshot.Stage] = []
        var edges: [GraphSnapshot.Edge] = []
        for (consumer, node) in nodes.enumerated() {
            let (figures, incoming) = node.figures
            stages.append(figures)
            for edge in incoming {
                guard let producer = places[edge.producer] else { continue }
                edges.append(
                    GraphSnapshot.Edge(
                        subscription: edge.subscription.number,
                        producer: producer,
                        consumer: consumer,
                        asked: edge.ledger.asked,
                        delivered: edge.ledger.delivered
                    )
                )
            }
        }
        return GraphSnapshot(stages: stages, edges: edges.sorted { $0.subscription < $1.subscription })
    }
}
