/// What limits the flow of a graph at one moment.
public struct Bottleneck: Sendable, CustomStringConvertible {
    /// Why a stage limits the flow.
    public enum Reason: Sendable, Equatable {
        /// So many events wait for it, and it is busy.
        case busy(waiting: Int)
        /// Its consumers want so many events that it does not have.
        case source(demand: Int)
        /// It is paused.
        case paused
    }

    /// The stage's name.
    public let stage: String

    /// Why it is this one.
    public let reason: Reason

    /// For which part of its time the stage has been so, from 0 to 1; nil if that is not measured.
    ///
    /// Busy, or paused, or, for a source, anything but waiting for demand or paused: near 1 it confirms what the moment
    /// shows.
    public let share: Double?

    init(stage: GraphSnapshot.Stage, reason: Reason) {
        self.stage = stage.name
        self.reason = reason
        share = stage.times.map { times in
            switch reason {
            case .busy: times.share(of: .busy)
            case .source: times.share(of: .busy) + times.share(of: .waitingForEvents)
            case .paused: times.share(of: .paused)
            }
        }
    }

    /// A sentence.
    public var description: String {
        let sentence =
            switch reason {
            case .busy(let waiting): "'\(stage)' is busy while \(waiting) events wait for it"
            case .source(let demand): "'\(stage)' has not the \(demand) events that its consumers want"
            case .paused: "'\(stage)' is paused"
            }
        return share.map { "\(sentence); so it was for \(percent($0)) of its time" } ?? sentence
    }
}

extension GraphSnapshot {
    /// The stage that limits the flow; nil if nothing flows, or if the graph has ended.
    ///
    /// A busy stage for which events wait is one, and of several the one with the most of them: what is before it waits
    /// for its demand, what is behind it for its events. If there is none, it is a source that others wait for. A single
    /// moment can mislead; the one that is found again and again is the bottleneck.
    public var bottleneck: Bottleneck? {
        let busy = stages.indices.filter { stages[$0].activity == .busy && waiting(for: $0) > 0 }
        if let index = busy.max(by: { waiting(for: $0) < waiting(for: $1) }) {
            return Bottleneck(stage: stages[index], reason: .busy(waiting: waiting(for: index)))
        }
        if let stage = stages.first(where: { $0.activity == .paused }) {
            return Bottleneck(stage: stage, reason: .paused)
        }
        let sources = stages.filter { $0.kind == .producer && $0.activity != .ended && $0.demand > 0 }
        return sources.max { $0.demand < $1.demand }.map { source in
            Bottleneck(stage: source, reason: .source(demand: source.demand))
        }
    }

    /// What waits in front of a stage: in its inbox, and in the buffers of its producers.
    private func waiting(for index: Int) -> Int {
        edges.filter { $0.consumer == index }.reduce(stages[index].waiting) { $0 + stages[$1.producer].buffered }
    }
}
