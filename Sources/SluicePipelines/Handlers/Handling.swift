/// A handler made of closures, for the small case.
public struct Handling<Input: Sendable, Output: Sendable>: PipelineHandler {
    @usableFromInline let each: @Sendable (Message<Input>) async throws -> Message<Output>
    @usableFromInline let batch: @Sendable (inout MessageBatch<Output>) async throws -> Void

    /// Makes a handler.
    ///
    /// - Parameters:
    ///   - each: See ``PipelineHandler/handle(_:)``.
    ///   - batch: See ``PipelineHandler/handleBatch(_:)``.
    @inlinable
    public init(
        each: @escaping @Sendable (Message<Input>) async throws -> Message<Output>,
        batch: @escaping @Sendable (inout MessageBatch<Output>) async throws -> Void = { _ in }
    ) {
        self.each = each
        self.batch = batch
    }

    /// Calls the closure for each message.
    @inlinable
    public func handle(_ message: Message<Input>) async throws -> Message<Output> { try await each(message) }

    /// Calls the closure for batches.
    @inlinable
    public func handleBatch(_ batch: inout MessageBatch<Output>) async throws { try await self.batch(&batch) }
}
