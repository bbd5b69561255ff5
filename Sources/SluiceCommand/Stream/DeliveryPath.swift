import Sluice
import SluicePostgres
import SluiceSinks

/// The end of the way from slot to sink: the last stage, and what runs beside the graph for it.
enum DeliveryPath: Sendable {
    case ordered(@Sendable (RateLimit) -> Delivery)
    case keyed(RequestLoop)

    /// - Parameters:
    ///   - opened: With its sink.
    ///   - attempts: After so many failures a message is put aside, if there is a place for that.
    ///   - console: Told of outages and of what is put aside.
    ///   - delivered: Told of what is durable.
    /// - Throws: ``SinkError`` if nothing can be delivered to a sink of this kind.
    init(
        _ opened: OpenedStream,
        attempts: Int,
        console: Console,
        delivered: @escaping @Sendable (Delivered) -> Void
    ) throws {
        switch opened.sink {
        case let sink as any OrderedSink:
            self = .ordered { Delivery(to: sink, budget: opened.budget, limit: $0, delivered: delivered) }
        case let sink as any KeyedSink:
            var rules = RequestLoop.Rules()
            rules.maxFailures = attempts
            let loop = RequestLoop(
                to: sink,
                deadLetters: opened.deadLetters,
                budget: opened.budget,
                rules: rules,
                report: { event in
                    if case .buried = event { opened.checkpointer.buried() }
                    console.notice(DeliveryNotices.notice(of: event, sink: sink.identity))
                },
                settled: delivered
            )
            self = .keyed(loop)
        default:
            throw SinkError(.unsupported, "\(opened.sink.identity) is of no kind that can be delivered to.")
        }
    }

    /// Starts the last stage, and joins it to the one that restores the order.
    func attach(
        to ordered: StageHandle<ReorderBuffer<Change>>,
        in stages: Stages,
        limit: RateLimit
    ) async throws {
        // With a limit no more than passes at once: what a stage was given stays in memory until all of it has passed.
        let window = min(8192, limit.burst ?? 8192)
        let least = window - (window + 7) / 8
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
