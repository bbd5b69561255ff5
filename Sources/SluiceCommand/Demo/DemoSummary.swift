import Foundation

/// What a demo found; its keys are those of the JSON line.
struct DemoSummary: Encodable {
    /// Changes that the database committed.
    var committed: Int
    /// Messages in the sink.
    var delivered: Int
    /// Committed changes that are not in the sink, and keys whose last state differs from the database's.
    var lost: Int
    /// Messages that came again.
    var duplicated: Int
    /// Messages that came before an earlier change of their key.
    var outOfOrder: Int
    /// The most resident memory that the process had while it streamed.
    var peakMemoryBytes: Int
    /// Over the whole stream, pauses included.
    var changesPerSecond: Int
    /// How long the reader stood still because nobody asked or the budget was used.
    var pausedSeconds: Double

    var isIntact: Bool { lost == 0 && duplicated == 0 && outOfOrder == 0 && delivered == committed }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    var text: String {
        """

        committed by the database   \(committed)
        delivered to the sink       \(delivered)
        lost                        \(lost)
        duplicated                  \(duplicated)
        out of order                \(outOfOrder)
        peak memory                 \(peakMemoryBytes >> 20) MB
        rate, pauses included       \(changesPerSecond) changes/s
        reader paused               \(pausedSeconds) s

        \(isIntact ? "Sink and database agree on every key." : "SINK AND DATABASE DIFFER.")
        """
    }
}
