public import Sluice

// The stages hold a closure and no handler: a closure is compiled for the handler's types where the pipeline is started,
// and a conformance of a generic stage is not.

/// A processor before batchers.
@usableFromInline
struct ProcessorStage<Input: Sendable, Output: Sendable>: ProducerConsumer {
    @usableFromInline let process: @Sendable ([Message<Input>]) async -> [Message<Output>]

    @inlinable
    init(_ process: @escaping @Sendable ([Message<Input>]) async -> [Message<Output>]) {
        self.process = process
    }

    @inlinable
    func handleEvents(_ events: [Message<Input>]) async -> [Message<Output>] {
        await process(events)
    }
}

/// A processor at the end of a pipeline.
@usableFromInline
struct LastProcessorStage<Input: Sendable>: Consumer {
    @usableFromInline let process: @Sendable ([Message<Input>]) async -> Void

    @inlinable
    init(_ process: @escaping @Sendable ([Message<Input>]) async -> Void) {
        self.process = process
    }

    @inlinable
    func handleEvents(_ events: [Message<Input>]) async {
        await process(events)
    }
}
