/// A job that Sluice and its peers do in turn.
///
/// A value of closures that generic functions make, and no protocol: the witnesses of a generic type are not compiled
/// for the event's type, and that would be measured.
struct Shape: Sendable {
    let name: String

    /// What must arrive, added up: each run proves that it lost nothing.
    let expectedSum: @Sendable (_ events: Int) -> Int

    /// What GenStage reaches, if that is known.
    let reference: Reference?

    /// The least ratio to the first peer that is promised, if one is.
    let floor: Double?

    /// Carries events with the numbers from 0 on through stages, and returns what arrived.
    let sluice: @Sendable (_ events: Int) async throws -> Arrival

    /// The others that can do the same job.
    let peers: [Peer]

    init(
        name: String,
        expectedSum: @escaping @Sendable (_ events: Int) -> Int,
        reference: Reference? = nil,
        floor: Double? = nil,
        sluice: @escaping @Sendable (_ events: Int) async throws -> Arrival,
        @PeerList peers: () -> [Peer]
    ) {
        self.name = name
        self.expectedSum = expectedSum
        self.reference = reference
        self.floor = floor
        self.sluice = sluice
        self.peers = peers()
    }
}

/// Another way to do a shape's job.
struct Peer: Sendable {
    let name: String

    /// Does the job; returns the sum of what arrived.
    let run: @Sendable (Load) async throws -> Int

    init(_ name: String, _ run: @escaping @Sendable (Load) async throws -> Int) {
        self.name = name
        self.run = run
    }
}

/// Peers, one below the other.
@resultBuilder
enum PeerList {
    static func buildBlock(_ peers: Peer...) -> [Peer] { peers }
}

/// What a peer has to carry.
struct Load: Sendable {
    let events: Int

    /// How many events an array has: as many as Sluice's batches had on their way.
    let batch: Int

    /// The same events in batches of another size.
    func batched(by batch: Int) -> Load { Load(events: events, batch: batch) }

    /// The numbers, batch by batch.
    func forEachBatch(_ body: (Range<Int>) async throws -> Void) async rethrows {
        var next = 0
        while next < events {
            let upper = min(events, next + batch)
            try await body(next..<upper)
            next = upper
        }
    }
}

/// What GenStage reached on a machine of this kind, in millions of events per second.
///
/// Documented figures, measured elsewhere: no run of these benchmarks measures GenStage.
struct Reference: Sendable {
    let millions: Double

    /// How many times as fast Sluice is meant to be.
    let aim: Double
}

/// The sum of the numbers from 0 on.
func sumOfNumbers(_ events: Int) -> Int { events * (events - 1) / 2 }
