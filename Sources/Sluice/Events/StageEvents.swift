/// The events of one or several stages, for a loop that is their consumer; see ``Stages/events(from:maxDemand:minDemand:)``.
public struct StageEvents<Event: Sendable>: AsyncSequence, Sendable {
    /// What the loop sees.
    public typealias Element = Event

    /// The first failure of the graph, a ``StageError`` or a `CancellationError`.
    public typealias Failure = any Error

    /// A producer to subscribe to when a loop begins.
    struct Source: Sendable {
        let name: String
        let window: DemandWindow
        let subscribe: @Sendable (StageHandle<EventInlet<Event>>) async throws -> Subscription
    }

    let stages: Stages
    private(set) var sources: [Source] = []

    init(stages: Stages) {
        self.stages = stages
    }

    /// Adds the events of another stage.
    ///
    /// Each stage's events stay in order; between stages there is no order but that of their arrival. The loop ends when
    /// all stages have finished.
    ///
    /// - Parameters:
    ///   - producer: The other stage.
    ///   - maxDemand: The most of its events that may wait for the loop, from 1 to 2^40.
    ///   - minDemand: When to ask for more, from 0 to `maxDemand - 1`; half of `maxDemand` if nil.
    /// - Returns: The events of all.
    /// - Throws: ``StageError/Code/badWindow`` if the window is impossible.
    public func merging<S: EmittingStage>(
        _ producer: StageHandle<S>,
        maxDemand: Int = 1000,
        minDemand: Int? = nil
    ) throws -> StageEvents where S.Output == Event {
        let name = "events of \(producer.name)"
        let window = try DemandWindow(of: name, maxDemand: maxDemand, minDemand: minDemand)
        var merged = self
        merged.sources.append(Source(name: name, window: window) { try await $0.subscribe(to: producer) })
        return merged
    }

    /// Makes the iterator of a loop, which has subscriptions of its own.
    public func makeAsyncIterator() -> Iterator {
        Iterator(EventReader(stages, sources))
    }

    /// One loop over the events.
    public struct Iterator: AsyncIteratorProtocol {
        private let reader: EventReader<Event>

        @usableFromInline
        var chunk: ArraySlice<Event> = []

        /// Where the next event is in the chunk.
        @usableFromInline
        var position = 0

        init(_ reader: EventReader<Event>) {
            self.reader = reader
        }

        /// Takes the next event; waits until there is one.
        ///
        /// - Parameter actor: Where the caller runs.
        /// - Returns: The next event; nil when all stages have finished and everything was taken.
        /// - Throws: The graph's first failure; ``StageError`` if the graph is ending when the loop begins;
        ///   `CancellationError` if the task or the graph is cancelled.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Event? {
            // Where the event's type is known: so that all but one event of a chunk cost a look at it.
            guard position < chunk.endIndex, !Task.isCancelled else { return try await firstOfNext() }
            defer { position += 1 }
            return chunk[position]
        }

        @usableFromInline
        mutating func firstOfNext() async throws -> Event? {
            chunk = []
            if Task.isCancelled {
                reader.leave()
                throw CancellationError()
            }
            chunk = try await reader.nextChunk() ?? []
            position = chunk.startIndex + 1
            return chunk.first
        }
    }
}
