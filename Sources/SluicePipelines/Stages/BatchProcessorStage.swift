public import Sluice

/// The stage of a batch processor.
@usableFromInline
struct BatchProcessorStage<Output: Sendable>: Consumer {
    @usableFromInline let process: @Sendable ([MessageBatch<Output>]) async -> Void

    @inlinable
    init(_ process: @escaping @Sendable ([MessageBatch<Output>]) async -> Void) {
        self.process = process
    }

    @inlinable
    func handleEvents(_ events: [MessageBatch<Output>]) async {
        await process(events)
    }
}
