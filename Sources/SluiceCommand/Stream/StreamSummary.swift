/// How a stream ended.
struct StreamSummary: Sendable {
    /// Messages that are durable in the sink.
    var changes: Int
    /// Messages of rows that could not be decoded, among the changes.
    var undecodable: Int
    /// Messages that are among the dead letters, among the changes.
    var deadLetters: Int
    /// Changes and Commits that were read and not delivered; they will be sent again.
    var undelivered: Int
    /// The last sample.
    var sample: ProgressSample
}
