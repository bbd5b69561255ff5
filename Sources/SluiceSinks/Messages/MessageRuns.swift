import SluicePostgres

/// The bytes of many messages in order, with neighbours of the same batch joined, so that a write takes hundreds of
/// rows at once.
struct MessageRuns {
    private struct Run {
        let batch: EncodedBatch
        var range: Range<Int>
    }

    /// Runs shorter than this are gathered into one write; longer ones are written from where they are.
    private static let gatherLimit = 64 << 10

    private var runs: [Run] = []

    /// How many bytes there are.
    private(set) var byteCount = 0

    /// Adds a change's messages.
    ///
    /// - Parameters:
    ///   - change: Changes without messages add nothing.
    ///   - first: The number of the first message wanted.
    mutating func append(_ change: Change, from first: Int) {
        let start = Int(change.offset) + change.byteCount(before: first)
        let end = Int(change.offset) + Int(change.length)
        guard start < end, change.messageCount > 0 else { return }
        byteCount += end - start
        if let last = runs.last, last.batch === change.batch, last.range.upperBound == start {
            runs[runs.count - 1].range = last.range.lowerBound..<end
        } else {
            runs.append(Run(batch: change.batch, range: start..<end))
        }
    }

    /// Hands over all bytes in order, in large pieces.
    ///
    /// - Parameter write: The bytes are valid only until it returns.
    func forEachPiece(_ write: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        var gathered: [UInt8] = []
        func flush() throws {
            guard !gathered.isEmpty else { return }
            try gathered.withUnsafeBytes(write)
            gathered.removeAll(keepingCapacity: true)
        }
        for run in runs {
            if runs.count > 1 && run.range.count < Self.gatherLimit {
                gathered.append(contentsOf: run.batch.bytes[run.range])
                if gathered.count >= Self.gatherLimit { try flush() }
            } else {
                try flush()
                try run.batch.bytes.withUnsafeBytes { try write(UnsafeRawBufferPointer(rebasing: $0[run.range])) }
            }
        }
        try flush()
    }
}
