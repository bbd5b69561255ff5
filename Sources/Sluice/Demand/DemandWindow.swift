/// The arithmetic of automatic demand for one subscription (GenStage's, worked numbers in the tests).
///
/// The window starts full: the first ask is for `max`. A message is handled in chunks of at most `max - min` events,
/// cut from its start; after a chunk that leaves `min` or less outstanding, the window is filled up to `max` again.
struct DemandWindow {
    /// One piece of a message, and what to ask for once it is handled; 0: nothing.
    struct Chunk: Equatable {
        var size: Int
        var ask: Int
    }

    let min: Int
    let max: Int

    /// What is still outstanding when everything that was handed out so far is counted.
    private(set) var demand: Int

    /// The largest chunk.
    var limit: Int { max - min }

    init(min: Int, max: Int) {
        self.init(min: min, max: max, demand: max)
    }

    init(min: Int, max: Int, demand: Int) {
        self.min = min
        self.max = max
        self.demand = demand
    }

    /// Changes the bounds while events are on their way.
    ///
    /// - Returns: What to ask for at once; 0: nothing. A smaller window asks for less from the next time on: what was
    ///   asked for is never taken back.
    mutating func change(min: Int, max: Int) -> Int {
        self = DemandWindow(min: min, max: max, demand: demand)
        guard demand <= min else { return 0 }
        defer { demand = max }
        return max - demand
    }

    /// Cuts the next chunk from the start of a message.
    ///
    /// - Parameters:
    ///   - remaining: What is left of the message, at least 1.
    ///   - excess: How many events at the message's end were never asked for; they do not count.
    /// - Returns: At least one event.
    mutating func nextChunk(of remaining: Int, excess: Int = 0) -> Chunk {
        let size = Swift.min(remaining, limit)
        let counted = Swift.max(0, Swift.min(size, remaining - excess))
        demand -= counted
        guard counted > 0, demand <= min else { return Chunk(size: size, ask: 0) }
        let ask = max - demand
        demand = max
        return Chunk(size: size, ask: ask)
    }
}

extension DemandWindow {
    /// Checks the window that a user wants.
    ///
    /// - Parameters:
    ///   - consumer: The stage's name, for the error.
    ///   - maxDemand: The most that may be outstanding.
    ///   - minDemand: When to ask again; half of `maxDemand` if nil.
    /// - Throws: ``StageError/Code/badWindow`` unless `0 <= minDemand < maxDemand <= 2^40`.
    init(of consumer: String, maxDemand: Int, minDemand: Int?) throws {
        let minDemand = minDemand ?? maxDemand / 2
        guard 0 <= minDemand, minDemand < maxDemand, maxDemand <= DemandLedger.limit else {
            throw StageError(
                .badWindow,
                "'\(consumer)' cannot subscribe with maxDemand \(maxDemand) and minDemand \(minDemand): "
                    + "minDemand must be at least 0 and below maxDemand, and maxDemand at most 2^40"
            )
        }
        self.init(min: minDemand, max: maxDemand)
    }
}
