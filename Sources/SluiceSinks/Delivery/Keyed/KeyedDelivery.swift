package import Sluice
package import SluicePostgres

/// The stage at the end of the way from slot to a keyed sink: it hands changes to a ``RequestLoop``, and asks for no more
/// while that has no room.
package struct KeyedDelivery: Consumer {
    private let loop: RequestLoop
    private let limit: RateLimit
    private var labeler = ChangeLabeler()

    /// Makes the stage.
    ///
    /// - Parameters:
    ///   - loop: Runs beside the graph.
    ///   - limit: In front of the loop.
    package init(to loop: RequestLoop, limit: RateLimit) {
        self.loop = loop
        self.limit = limit
    }

    package mutating func handleEvents(_ events: [Change]) async throws {
        var rest = events[...]
        while !rest.isEmpty {
            let batch = try await limit.next(of: rest)
            try await loop.take(batch.map { labeler.label($0) })
            rest = rest[batch.endIndex...]
        }
    }

    /// Waits until everything is durable.
    package mutating func handleEnd() async throws {
        try await loop.finish()
    }
}
