import Sluice
import SluicePostgres
import SluiceSinks

/// The end of the way from slot to sink: the last stage, and what runs beside the graph for it.
enum DeliveryPath: Sendable {
    case ordered(@Sendable (RateLimit) -> Delivery)
    case keyed(RequestLoop)

    /// - Parameters:
    ///   - sink: Opened.
    ///   - deadLetters: Opened; `nil`: a message that is refused ends the stream.
    ///   - budget: Holds the cost of the changes.
    ///   - attempts: After so many failures a message is put aside, if there is a place for that.
    ///   - report: Told of outages and of what is put aside.
    ///   - delivered: Told of what is durable.
    /// - Throws: ``SinkError`` if nothing can be delivered to a sink of this kind.
    init(
        to sink: any Sink,
        deadLetters: (any DeadLetterBox)?,
        budget: Budget,
        attempts: Int,
        report: @escaping @Sendable (RequestLoop.Event) -> Void,
        delivered: @escaping @Sendable (Delivered) -> Void
    ) throws {
        switch sink {
        case let sink as any OrderedSink:
            self = .ordered { limit in
                Delivery(
                    to: sink,
                    deadLetters: deadLetters,
                    budget: budget,
                    limit: limit,
                    buried: { report(.buried($0)) },
                    delivered: delivered
                )
            }
        case let sink as any KeyedSink:
            var rules = RequestLoop.Rules()
            rules.maxFailures = attempts
            let loop = RequestLoop(
                to: sink,
                deadLetters: deadLetters,
                budget: budget,
                rules: rules,
                report: report,
                settled: delivered
            )
            self = .keyed(loop)
        default:
            throw SinkError(.unsupported, "\(sink.identity) is of no kind that can be delivered to.")
        }
    }

    /// Starts the last stage, and joins it to the one that gives the changes in their order.
    func attach<Source: EmittingStage>(
        to ordered: StageHandle<Source>,
        in stages: Stages,
        limit: RateLimit
    ) async throws where Source.Output == Change {
        // With a limit no more than passes at once: what a stage was given stays in memory until all of it has passed.
        let window = min(8192, limit.burst ?? 8192)
        // Half of it is under way while the other half gathers: each batch costs the sink a synchronization or an answer.
        let least = window / 2
        switch self {
        case .ordered(let makeDelivery):
            let delivery = stages.start("delivery") { makeDelivery(limit) }
            try await delivery.subscribe(to: ordered, maxDemand: window, minDemand: least)
        case .keyed(let loop):
            let delivery = stages.start("delivery") { KeyedDelivery(to: loop, limit: limit) }
            try await delivery.subscribe(to: ordered, maxDemand: window, minDemand: least)
        }
    }

    /// Does what is to be done beside the graph, until everything is durable.
    func run() async throws {
        if case .keyed(let loop) = self { try await loop.run() }
    }
}
