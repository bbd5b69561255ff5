public import Sluice

/// A pipeline's producer: asked for no more than its rate allows, and says when it has finished.
@usableFromInline
struct SourceStage<Source: Producer>: Producer {
    @usableFromInline var source: Source
    @usableFromInline let limit: RateLimit?
    @usableFromInline let finished: @Sendable () -> Void

    @inlinable
    init(_ source: Source, limit: RateLimit?, finished: @escaping @Sendable () -> Void) {
        self.source = source
        self.limit = limit
        self.finished = finished
    }

    @inlinable
    mutating func handleDemand(_ demand: Int) async throws -> [Source.Output]? {
        // A drain ends the wait, and the source is not asked again.
        guard let allowed = try? await limit?.take(upTo: demand) ?? demand else { return [] }
        do {
            let messages = try await source.handleDemand(allowed)
            limit?.giveBack(max(0, allowed - (messages?.count ?? 0)))
            if messages == nil { finished() }
            return messages
        } catch {
            limit?.giveBack(allowed)
            throw error
        }
    }
}
