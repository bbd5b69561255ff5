import SluicePostgres

/// What a stream is doing at one moment; its keys are those of the JSON line.
struct ProgressSample: Encodable, Sendable {
    enum State: String, Encodable, Sendable {
        case connecting, reading, paused, finished
    }

    /// Messages that are durable in the sink, or in the log if there is one.
    var changes: Int
    var changesPerSecond: Double
    /// What the stages after the slot want beyond what they got: 0 holds the reader back.
    var demand: Int
    /// Bytes of changes held between socket and sink.
    var bytesInFlight: Int
    /// Bytes on disk of transactions that are open, or being delivered after their commit.
    var spooledBytes: Int
    var state: State
    var receivedLSN: String
    /// What was reported to the server as flushed, or may be.
    var safeLSN: String
    /// How far the safe position is behind the end of the server's log; nil if the server has not told.
    var lagBytes: Int?
    /// From commits to durable, of those since the line before, in the last line since the start; nil if there were none.
    var latencyMs: Latency?
    var rssBytes: Int
    /// Messages among the changes that are not in the sink but among the dead letters.
    var deadLetters: Int
    /// How much of the disk the log takes; nil without a log.
    var logBytes: Int?
    /// The sinks behind the log; nil without a log.
    var sinks: [BranchSample]?
    /// How far the copies of tables are; nil if there are none.
    var backfill: BackfillFigures?
    /// Set in the last line only: read and not delivered.
    var undelivered: Int?

    /// The budget.
    var capacity: Int

    private enum CodingKeys: CodingKey {
        case changes, changesPerSecond, demand, bytesInFlight, spooledBytes, state, receivedLSN, safeLSN, lagBytes
        case latencyMs, rssBytes, deadLetters, backfill, undelivered, logBytes, sinks
    }

    /// Every key is in every line, whatever is known; only the last line says what was left.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(changes, forKey: .changes)
        try container.encode(changesPerSecond, forKey: .changesPerSecond)
        try container.encode(demand, forKey: .demand)
        try container.encode(bytesInFlight, forKey: .bytesInFlight)
        try container.encode(spooledBytes, forKey: .spooledBytes)
        try container.encode(state, forKey: .state)
        try container.encode(receivedLSN, forKey: .receivedLSN)
        try container.encode(safeLSN, forKey: .safeLSN)
        try container.encode(lagBytes, forKey: .lagBytes)
        try container.encode(latencyMs, forKey: .latencyMs)
        try container.encode(rssBytes, forKey: .rssBytes)
        try container.encode(deadLetters, forKey: .deadLetters)
        try container.encodeIfPresent(logBytes, forKey: .logBytes)
        try container.encodeIfPresent(sinks, forKey: .sinks)
        try container.encodeIfPresent(backfill, forKey: .backfill)
        try container.encodeIfPresent(undelivered, forKey: .undelivered)
    }
}

extension ProgressSample {
    /// Times in milliseconds.
    struct Latency: Encodable, Sendable, Equatable {
        var p50: Double
        var p99: Double
        var max: Double

        /// The result is `nil` if nothing was measured.
        init?(_ histogram: LatencyHistogram) {
            guard let p50 = histogram.quantile(0.5), let p99 = histogram.quantile(0.99) else { return nil }
            self.p50 = Double(p50) / 1000
            self.p99 = Double(p99) / 1000
            max = Double(histogram.longest) / 1000
        }
    }
}
