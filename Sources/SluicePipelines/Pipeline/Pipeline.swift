public import Sluice

/// A source, processors, and batchers: from messages that are taken to messages that are acknowledged.
///
/// ```swift
/// let pipeline = Pipeline(
///     source: Producers { _ in try Orders(of: queue) },
///     processors: Processors(concurrency: 4),
///     batchers: [Batcher(size: .count(500), timeout: .milliseconds(200))],
///     handler: Handling { try $0.map(Order.init) } batch: { try await database.insert($0.bodies) }
/// )
/// try await pipeline.run()
/// ```
///
/// - **Acknowledged once:** each message that a processor has taken is acknowledged exactly once, as handled or as failed,
///   whatever the handlers do. If the pipeline is cancelled, or does not drain in time, what is not handled to its end is
///   not acknowledged at all, and the source delivers it again. In a processor that is when it has failed, or if there are no batchers; else it is behind its batch.
/// - **Bounded:** each stage asks only for what it has room for: a slow handler stops its source.
/// - **Order:** none, unless the processors, and the batchers, are partitioned by a key.
public struct Pipeline<Source: Producer, Handler: PipelineHandler>: Sendable
where Source.Output == Message<Handler.Input> {
    @usableFromInline let source: Producers<Source>
    @usableFromInline let processors: Processors<Handler.Input>
    @usableFromInline let batchers: [Batcher<Handler.Output>]
    @usableFromInline let handler: Handler
    @usableFromInline let report: (@Sendable (PipelineReport) -> Void)?

    /// Makes a pipeline; nothing runs yet.
    ///
    /// - Parameters:
    ///   - source: Where messages come from.
    ///   - processors: How they are handled one by one.
    ///   - batchers: How they are handled together, with names of their own; with none, messages end at the processors.
    ///   - handler: What is done with them.
    ///   - report: Told of what is handled, and of what goes wrong and does not end the pipeline, by the stages' tasks;
    ///     must not block. Nil: nobody is, and nothing is measured.
    @inlinable
    public init(
        source: Producers<Source>,
        processors: Processors<Handler.Input> = Processors(),
        batchers: [Batcher<Handler.Output>] = [],
        handler: Handler,
        report: (@Sendable (PipelineReport) -> Void)? = nil
    ) {
        precondition(Set(batchers.map(\.name)).count == batchers.count, "Two batchers have the same name")
        self.source = source
        self.processors = processors
        self.batchers = batchers
        self.handler = handler
        self.report = report
    }

    /// Runs until the source has finished and everything is acknowledged.
    ///
    /// - Parameter clock: Measures timeouts.
    /// - Throws: The source's failure when no more are forgiven; `CancellationError`.
    @inlinable
    public func run(clock: any Clock<Duration> = ContinuousClock()) async throws {
        try await run(clock: clock) { _ in }
    }

    /// Runs until the source has finished and everything is acknowledged, or until it has drained.
    ///
    /// - Parameters:
    ///   - clock: Measures timeouts.
    ///   - body: Called when the pipeline runs, in a task of its own, which is cancelled if the pipeline fails.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws; the source's failure when no more are forgiven; `CancellationError`;
    ///   `StageError` if it did not drain in time: whichever comes first.
    @inlinable
    @discardableResult
    public func run<Result: Sendable>(
        clock: any Clock<Duration> = ContinuousClock(),
        _ body: @escaping @Sendable (RunningPipeline<Handler.Input>) async throws -> Result
    ) async throws -> Result {
        let (started, starting) = AsyncStream<RunningPipeline<Handler.Input>>.makeStream()
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                defer { starting.finish() }
                try await withStages(clock: clock) { stages in
                    let running = try await start(in: stages, clock: clock)
                    starting.yield(running)
                }
                return nil
            }
            group.addTask {
                for await running in started { return .some(try await body(running)) }
                return nil
            }
            // The first error ends the other task too.
            var result: Result?
            while let ended = try await group.next() {
                if let ended { result = .some(ended) }
            }
            guard let result else { throw CancellationError() }
            return result
        }
    }

    /// Starts the pipeline's stages in a graph, which may be a service's.
    ///
    /// - Parameters:
    ///   - stages: The graph.
    ///   - clock: Measures how long handlers take.
    /// - Returns: What can be done with it while it runs.
    /// - Throws: `StageError` if the graph is ending.
    @inlinable
    @discardableResult
    public func start(
        in stages: Stages,
        clock: any Clock<Duration> = ContinuousClock()
    ) async throws -> RunningPipeline<Handler.Input> {
        let pushed = PushSource<Message<Handler.Input>>(capacity: processors.maxDemand, keepsUnsent: false)
        let inlet = try Inlet(source, pushed, processors, in: stages)
        let report = Reporting(report, clock: clock)
        let making = (0..<processors.concurrency).map { index in
            Processor(
                name: "processor \(index)",
                handler: handler,
                call: HandlerCall(timeout: processors.timeout, retry: processors.retry, clock: clock),
                batchers: batchers.map(\.name),
                putAside: processors.deadLetters,
                report: report
            )
        }
        switch batchers.count {
        case 0:
            for (index, processor) in making.enumerated() {
                let stage = stages.start(processor.name) { LastProcessorStage { _ = await processor.process($0) } }
                try await inlet.feed(stage, index)
            }
        case 1:
            var handling: [StageHandle<ProcessorStage<Handler.Input, Handler.Output>>] = []
            for (index, processor) in making.enumerated() {
                let stage = stages.start(processor.name) { ProcessorStage { await processor.process($0) } }
                try await inlet.feed(stage, index)
                handling.append(stage)
            }
            let batching = try await start(batchers[0], in: stages, clock, report)
            for stage in handling { try await batching.subscribe(to: stage, maxDemand: batchers[0].maxDemand) }
        default:
            let names = batchers.map(\.name)
            var handling:
                [DispatchingStage<
                    ProcessorStage<Handler.Input, Handler.Output>, PartitionDispatcher<Message<Handler.Output>, String>
                >] = []
            for (index, processor) in making.enumerated() {
                let stage = stages.start(
                    processor.name,
                    dispatcher: PartitionDispatcher(keys: names, queueLimit: processors.maxDemand) {
                        (message: Message<Handler.Output>) in .to(message.batcher)
                    }
                ) { ProcessorStage { await processor.process($0) } }
                try await inlet.feed(stage.stage, index)
                handling.append(stage)
            }
            for batcher in batchers {
                let batching = try await start(batcher, in: stages, clock, report)
                for stage in handling {
                    try await batching.subscribe(to: stage, as: batcher.name, maxDemand: batcher.maxDemand)
                }
            }
        }
        return RunningPipeline(stages: stages, pushed: pushed, hold: inlet.hold)
    }

    /// Starts a batcher, and what handles its batches.
    @inlinable
    func start(
        _ batcher: Batcher<Handler.Output>,
        in stages: Stages,
        _ clock: any Clock<Duration>,
        _ report: Reporting
    ) async throws -> StageHandle<BatcherStage<Handler.Output>> {
        let name = "batcher \(batcher.name)"
        func stage(_ index: Int) -> StageHandle<BatchProcessorStage<Handler.Output>> {
            let processor = BatchProcessor(
                name: "batch processor \(batcher.name) \(index)",
                handler: handler,
                call: HandlerCall(timeout: batcher.handlingTimeout, retry: batcher.retry, clock: clock),
                putAside: batcher.deadLetters,
                report: report
            )
            return stages.start(processor.name) { BatchProcessorStage { await processor.process($0) } }
        }
        guard batcher.partition != nil else {
            let batching = stages.start(name) { BatcherStage(batcher.book) }
            for index in 0..<batcher.concurrency { try await stage(index).subscribe(to: batching, maxDemand: 1) }
            return batching
        }
        let batching = stages.start(
            name,
            dispatcher: PartitionDispatcher(keys: 0..<batcher.concurrency, queueLimit: 1) {
                (batch: MessageBatch<Handler.Output>) in .to(batch.info.partition ?? 0)
            }
        ) { BatcherStage(batcher.book) }
        for index in 0..<batcher.concurrency {
            try await stage(index).subscribe(to: batching, as: index, maxDemand: 1)
        }
        return batching.stage
    }
}
