import AllocationCounter

/// What carrying events costs, in allocations.
struct Cost {
    /// For a batch that a consumer handles.
    let perBatch: Double

    /// For an event that a consumer handles, beyond what its batch costs.
    let perEvent: Double

    /// Whether what the Swift runtime allocates is counted at all; else every bound would hold.
    static var isCounted: Bool {
        let before = allocation_count()
        return withExtendedLifetime([Int](repeating: 0, count: Int.random(in: 1000...2000))) {
            allocation_count() > before
        }
    }

    init(of shape: Shape) async throws {
        _ = try await Count(shape, window: 200, batches: 1000)
        let small = try await Count.ofLength(shape, window: 200)
        let large = try await Count.ofLength(shape, window: 20_000)
        // allocations = perBatch * batches + perEvent * events, twice.
        let determinant = small.batches * large.events - large.batches * small.events
        perBatch = (small.allocations * large.events - large.allocations * small.events) / determinant
        perEvent = (small.batches * large.allocations - large.batches * small.allocations) / determinant
    }
}

/// What one run did.
private struct Count {
    let allocations: Double
    let batches: Double
    let events: Double

    private init(allocations: Double, batches: Double, events: Double) {
        self.allocations = allocations
        self.batches = batches
        self.events = events
    }

    /// Runs a shape for so many batches of half a window.
    init(_ shape: Shape, window: Int, batches: Int) async throws {
        let before = allocation_count()
        let arrival = try await shape.run(window, batches * window / 2)
        let allocations = allocation_count() - before
        self.init(
            allocations: Double(allocations),
            batches: Double(arrival.batches),
            events: Double(arrival.events)
        )
    }

    /// What a longer run does more than a short one: nothing of the setup.
    static func ofLength(_ shape: Shape, window: Int) async throws -> Count {
        let short = try await Count(shape, window: window, batches: 2000)
        let long = try await Count(shape, window: window, batches: 22_000)
        return Count(
            allocations: long.allocations - short.allocations,
            batches: long.batches - short.batches,
            events: long.events - short.events
        )
    }
}
