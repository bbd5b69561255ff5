/// A graph that both peers build, each from its own parts.
protocol Shape: Sendable {
    var name: String { get }

    /// How many events one run carries.
    var events: Int { get }

    /// What must arrive, added up: each run proves that it lost nothing.
    var expectedSum: Int { get }

    /// Carries the numbers from 0 on through stages, with the default demand.
    ///
    /// - Returns: What arrived.
    func runSluice() async throws -> Arrival

    /// Carries the same numbers through channels, in arrays of `batch` events.
    ///
    /// - Returns: The sum of what arrived.
    func runChannels(batch: Int) async throws -> Int
}

/// What a consumer counted.
struct Arrival: Sendable {
    var sum = 0
    var events = 0
    var batches = 0
}
