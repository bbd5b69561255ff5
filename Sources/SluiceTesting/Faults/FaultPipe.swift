/// One direction of a proxied connection: the bytes that have come and not gone on.
///
/// Pure: no socket, and the time is given.
struct FaultPipe {
    private struct Chunk {
        let due: ContinuousClock.Instant
        var bytes: ArraySlice<UInt8>
    }

    /// How much it holds when the rate is not limited.
    static let capacity = 256 << 10
    /// A limited rate goes on in so many pieces a second, and nothing more is held back here: that is for TCP.
    private static let piecesPerSecond = 20

    private var chunks: [Chunk] = []
    private var count = 0
    private var freeAt: ContinuousClock.Instant?

    var isEmpty: Bool { chunks.isEmpty }

    /// How many bytes it takes now.
    func room(_ faults: NetworkFaults) -> Int {
        max(0, min(Self.capacity, piece(faults) ?? Self.capacity) - count)
    }

    mutating func take(_ bytes: ArraySlice<UInt8>, at now: ContinuousClock.Instant, _ faults: NetworkFaults) {
        guard !bytes.isEmpty else { return }
        count += bytes.count
        chunks.append(Chunk(due: now + faults.delay, bytes: bytes))
    }

    /// The bytes that may go on now.
    func next(at now: ContinuousClock.Instant, _ faults: NetworkFaults) -> ArraySlice<UInt8> {
        guard let chunk = chunks.first, let due = nextTime(faults), due <= now else { return [] }
        return chunk.bytes.prefix(piece(faults) ?? chunk.bytes.count)
    }

    /// So many of them have gone on.
    mutating func sent(_ length: Int, at now: ContinuousClock.Instant, _ faults: NetworkFaults) {
        guard let first = chunks.first, length > 0 else { return }
        count -= length
        chunks[0].bytes = first.bytes.dropFirst(length)
        if chunks[0].bytes.isEmpty { chunks.removeFirst() }
        freeAt = faults.bytesPerSecond.map { now + .seconds(Double(length) / Double(max(1, $0))) }
    }

    /// When the next bytes may go on; `nil`: there are none.
    func nextTime(_ faults: NetworkFaults) -> ContinuousClock.Instant? {
        guard let due = chunks.first?.due else { return nil }
        guard faults.bytesPerSecond != nil, let freeAt else { return due }
        return max(due, freeAt)
    }

    private func piece(_ faults: NetworkFaults) -> Int? {
        faults.bytesPerSecond.map { max(1, $0 / Self.piecesPerSecond) }
    }
}
