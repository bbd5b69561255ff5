import Instrumentation
public import SluicePipelines
import Tracing

/// A handler that opens a span around each call of another one.
///
/// ```swift
/// let pipeline = Pipeline(source: source, handler: TracedHandler("orders", OrderHandler()))
/// ```
///
/// The span of a message continues the trace that its metadata tell of, as `traceparent`, if they do. What the handler
/// itself traces is inside. The spans are named after the pipeline and the call, `orders handle`, and have these attributes:
///
/// | attribute | value | spans |
/// |---|---|---|
/// | `sluice.pipeline` | the pipeline's name | all |
/// | `sluice.call` | `prepare`, `handle`, `handleBatch` or `handleFailed` | all |
/// | `sluice.received` | how many messages the handler was given | all |
/// | `sluice.batcher`, `sluice.trigger` | the batch's | of batches |
///
/// A thrown error is recorded in its span, whose status is then an error.
public struct TracedHandler<Base: PipelineHandler>: PipelineHandler {
    private let name: String
    private let base: Base

    /// Wraps a handler.
    ///
    /// - Parameters:
    ///   - pipeline: The pipeline's name.
    ///   - base: The handler.
    public init(_ pipeline: String, _ base: Base) {
        name = pipeline
        self.base = base
    }

    /// Prepares messages in a span.
    public func prepare(_ messages: inout [Message<Base.Input>]) async throws {
        try await withSpan("\(name) prepare") { span in
            describe(span, "prepare", messages.count)
            try await base.prepare(&messages)
        }
    }

    /// Handles a message in a span, which may continue the message's own trace.
    public func handle(_ message: Message<Base.Input>) async throws -> Message<Base.Output> {
        var context = ServiceContext.current ?? .topLevel
        InstrumentationSystem.instrument.extract(message.metadata, into: &context, using: MetadataExtractor())
        return try await withSpan("\(name) handle", context: context, ofKind: .consumer) { span in
            describe(span, "handle", 1)
            return try await base.handle(message)
        }
    }

    /// Handles a batch in a span.
    public func handleBatch(_ batch: inout MessageBatch<Base.Output>) async throws {
        try await withSpan("\(name) handleBatch") { span in
            describe(span, "handleBatch", batch.info)
            try await base.handleBatch(&batch)
        }
    }

    /// Tells of failed messages in a span.
    public func handleFailed(_ messages: [Message<Base.Input>]) async throws {
        try await withSpan("\(name) handleFailed") { span in
            describe(span, "handleFailed", messages.count)
            try await base.handleFailed(messages)
        }
    }

    /// Tells of a batch's failed messages in a span.
    public func handleFailed(_ batch: MessageBatch<Base.Output>) async throws {
        try await withSpan("\(name) handleFailed") { span in
            describe(span, "handleFailed", batch.info)
            span.set(.received, to: batch.messages.count)
            try await base.handleFailed(batch)
        }
    }

    private func describe(_ span: any Span, _ call: String, _ received: Int) {
        span.set(.pipeline, to: name)
        span.set(.call, to: call)
        span.set(.received, to: received)
    }

    private func describe(_ span: any Span, _ call: String, _ batch: BatchInfo) {
        describe(span, call, batch.size)
        span.set(.batcher, to: batch.batcher)
        span.set(.trigger, to: batch.trigger.rawValue)
    }
}

/// Reads what a producer of messages has put into their metadata to continue its trace.
private struct MetadataExtractor: Extractor {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}
