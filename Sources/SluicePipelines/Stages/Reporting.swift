/// Tells of what a pipeline does, if anybody wants to know.
@usableFromInline
struct Reporting: Sendable {
    @usableFromInline let report: (@Sendable (PipelineReport) -> Void)?
    /// The time since some moment.
    @usableFromInline let now: @Sendable () -> Duration

    @usableFromInline
    init(_ report: (@Sendable (PipelineReport) -> Void)?, clock: some Clock<Duration>) {
        self.report = report
        let start = clock.now
        now = { start.duration(to: clock.now) }
    }

    @inlinable
    func callAsFunction(_ what: @autoclosure () -> PipelineReport) {
        if let report { report(what()) }
    }

    /// When something begins of which ``handled(_:_:failed:since:batch:)`` is to tell.
    @inlinable var start: Duration { report == nil ? .zero : now() }

    @inlinable
    func handled(_ stage: String, _ messages: Int, failed: Int, since start: Duration, batch: BatchInfo? = nil) {
        self(
            .handled(
                PipelineReport.Handled(
                    stage: stage,
                    messages: messages,
                    failed: failed,
                    duration: now() - start,
                    batch: batch
                )
            )
        )
    }
}
