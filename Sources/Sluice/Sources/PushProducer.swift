/// The stage of a ``PushSource``; see ``Stages/start(_:from:)``.
public struct PushProducer<Event: Sendable>: Producer {
    let attachment: PushAttachment<Event>

    /// Emits what was sent.
    ///
    /// - Parameter demand: How many events the consumers still want, at least 1.
    /// - Returns: At most `demand` events; an empty array if nothing was sent; `nil` after ``PushSource/finish()``.
    /// - Throws: What ``PushSource/fail(_:)`` was given; it fails the whole graph.
    public mutating func handleDemand(_ demand: Int) async throws -> [Event]? {
        try attachment.source.take(demand)
    }
}

/// Says to a push source when its stage has ended: then nobody refers to this any more.
///
/// The closure that makes the stage has it too, so a stage that is never made ends as well.
final class PushAttachment<Event: Sendable>: Sendable {
    let source: PushSource<Event>
    private let scope: ScopeStorage

    init(_ source: PushSource<Event>, _ scope: ScopeStorage) {
        self.source = source
        self.scope = scope
    }

    deinit {
        end()
    }

    func run<S: Producer>(
        in context: StageContext,
        _ make: (PushProducer<Event>) async throws -> S
    ) async throws -> S {
        source.run(in: context)
        return try await make(PushProducer(attachment: self))
    }

    func end() {
        source.end(StageError(.stageEnded, "The stage of the push source has ended", cause: scope.firstFailure))
    }
}
