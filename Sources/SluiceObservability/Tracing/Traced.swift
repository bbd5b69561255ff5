public import Sluice
import Tracing

/// A stage that opens a span around each call of another stage's handler.
///
/// ```swift
/// let stored = stages.start("store") { Traced("store", OrderStore()) }
/// ```
///
/// It is of the same kind as the stage that it wraps, and changes neither events nor demand; a stage that is not wrapped
/// pays nothing. The spans go to the tracer of the task that called `withStages`, and each is a trace of its own unless
/// that task had a span; what the handler itself traces is inside. A wait of the handler is part of its span.
///
/// Each span has the stage's name and these attributes:
///
/// | attribute | value | spans |
/// |---|---|---|
/// | `sluice.stage` | the stage's name | all |
/// | `sluice.call` | `handleDemand`, `handleEvents` or `handleDeadline` | all |
/// | `sluice.demand` | how many events were asked for | of `handleDemand` and `handleDeadline` |
/// | `sluice.received` | how many events the handler was given | of `handleEvents` |
/// | `sluice.emitted` | how many events it returned; missing if it threw, or had come to its end | of emitting stages |
///
/// A thrown error is recorded in its span, whose status is then an error: also the `CancellationError` by which a waiting
/// source leaves at a drain.
public struct Traced<Base: Stage> {
    /// The stage that is wrapped; a `perform` reaches it here.
    public var base: Base

    private let name: String

    /// Wraps a stage.
    ///
    /// - Parameters:
    ///   - name: The name of its spans; best that by which the stage is started.
    ///   - base: The stage.
    public init(_ name: String, _ base: Base) {
        self.name = name
        self.base = base
    }

    /// Calls a handler in a span.
    ///
    /// - Parameters:
    ///   - call: The handler's name.
    ///   - given: The attribute for what it is given, and its value.
    ///   - body: The call.
    /// - Returns: What the handler returned.
    /// - Throws: What the handler threw.
    mutating func span<Result>(
        _ call: String,
        _ given: (key: SpanAttributeName, value: Int),
        _ body: (inout Base, any Span) async throws -> Result
    ) async throws -> Result {
        try await withSpan(name) { span in
            span.set(.stage, to: name)
            span.set(.call, to: call)
            span.set(given.key, to: given.value)
            return try await body(&base, span)
        }
    }
}
