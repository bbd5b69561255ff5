import SluicePostgres
import SluiceSinks

/// What `sluice stream` was asked to do.
struct StreamOptions: Sendable {
    var target: ConnectionTarget
    /// Makes the sink anew for each attempt.
    var makeSink: @Sendable () -> any Sink
    var slot: String
    var publication: String
    var create = false
    var tables: [String] = []
    var until: End?
    /// The budget in bytes.
    var memory = 64 << 20
    var stateFolder = ".sluice"
    /// Messages per second; nil: no limit.
    var rate: Int?
    var resumeFromTransactionStart = false
    /// After so long a pause the connection is closed.
    var maxPause = Duration.seconds(300)
    /// Where messages go that the sink does not take; nil: such a message ends the stream.
    var makeDeadLetters: (@Sendable (SourceIdentity) -> (any DeadLetterBox)?)?
    /// After so many failures a message is put aside.
    var attempts = 10
    /// Whether to wait while another process has the slot or the sink.
    var standsBy = false
    var streaming = StreamingMode.auto
    /// How many bytes of open transactions may be on disk.
    var spoolSize = 10 << 30

    init(
        target: ConnectionTarget,
        makeSink: @escaping @Sendable () -> any Sink,
        slot: String,
        publication: String
    ) {
        self.target = target
        self.makeSink = makeSink
        self.slot = slot
        self.publication = publication
    }

    /// The options that change how the changes of a transaction are numbered.
    var fingerprint: String {
        "publication_names=\(publication) origin=any two_phase=off"
    }
}
