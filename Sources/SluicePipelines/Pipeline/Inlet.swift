public import Sluice

/// A pipeline's producers: those of its source, and the one for what is pushed.
@usableFromInline
struct Inlet<Source: Producer, Input: Sendable> where Source.Output == Message<Input> {
    @usableFromInline
    enum Stages {
        case shared([StageHandle<SourceStage<Source>>], StageHandle<PushProducer<Message<Input>>>)
        case partitioned(
            [DispatchingStage<SourceStage<Source>, PartitionDispatcher<Message<Input>, Int>>],
            DispatchingStage<PushProducer<Message<Input>>, PartitionDispatcher<Message<Input>, Int>>
        )
    }

    @usableFromInline let stages: Stages
    @usableFromInline let processors: Processors<Input>

    /// Starts the producers; what is pushed ends when the last of the others has finished.
    @inlinable
    init(
        _ source: Producers<Source>,
        _ pushed: PushSource<Message<Input>>,
        _ processors: Processors<Input>,
        in graph: Sluice.Stages
    ) throws {
        self.processors = processors
        let countdown = Countdown(from: source.concurrency) { pushed.finish() }
        let (make, limit) = (source.make, source.limit)
        @Sendable func produce(_ index: Int) async throws -> SourceStage<Source> {
            SourceStage(try await make(index), limit: limit) { countdown.next() }
        }
        let group = graph.group(restart: source.restart)
        let indices = 0..<source.concurrency
        guard let partition = processors.partition else {
            stages = .shared(
                indices.map { index in group.start("producer \(index)") { try await produce(index) } },
                graph.start("pushed", from: pushed)
            )
            return
        }
        let count = UInt64(processors.concurrency)
        var dispatcher: PartitionDispatcher<Message<Input>, Int> {
            PartitionDispatcher(keys: 0..<processors.concurrency, queueLimit: processors.maxDemand) {
                .to(Int(partition($0) % count))
            }
        }
        stages = .partitioned(
            indices.map { index in
                group.start("producer \(index)", dispatcher: dispatcher) { try await produce(index) }
            },
            graph.start("pushed", from: pushed, dispatcher: dispatcher)
        )
    }

    /// Holds the source's producers back, or lets them go on.
    @inlinable var hold: @Sendable (Bool) -> Void {
        let handles =
            switch stages {
            case .shared(let producers, _): producers
            case .partitioned(let producers, _): producers.map(\.stage)
            }
        return { isHeld in
            for handle in handles { if isHeld { handle.pause() } else { handle.resume() } }
        }
    }

    /// Subscribes a processor to all producers.
    @inlinable
    func feed<S: AutomaticStage>(_ processor: StageHandle<S>, _ index: Int) async throws
    where S.Input == Message<Input> {
        let (max, min) = (processors.maxDemand, processors.minDemand)
        switch stages {
        case .shared(let producers, let pushed):
            for producer in producers { try await processor.subscribe(to: producer, maxDemand: max, minDemand: min) }
            try await processor.subscribe(to: pushed, maxDemand: max, minDemand: min)
        case .partitioned(let producers, let pushed):
            for producer in producers {
                try await processor.subscribe(to: producer, as: index, maxDemand: max, minDemand: min)
            }
            try await processor.subscribe(to: pushed, as: index, maxDemand: max, minDemand: min)
        }
    }
}
