import SluicePostgres
import SluiceSinks

/// What `sluice stream` was asked to do.
struct StreamOptions: Sendable {
    var target: ConnectionTarget
    /// Where the changes go; at least one.
    var sinks: [SinkChoice]
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
    /// Puts a log between the slot and a single sink, too.
    var spills = false
    /// How many bytes the log may have on disk.
    var spillSize = 10 << 30
    var whenSpillIsFull = WhenSpillIsFull.pause
    /// The identities of sinks that the log is to keep nothing for.
    var detached: [String] = []
    /// The identities of detached sinks that go on without what they lack.
    var readmitted: [String] = []
    /// Tables to copy beside the stream.
    var backfill: BackfillChoice?
    /// How many connections copy from the snapshot of a slot that is created; 0: none do.
    var backfillConnections = 4

    init(
        target: ConnectionTarget,
        sinks: [SinkChoice],
        slot: String,
        publication: String
    ) {
        self.target = target
        self.sinks = sinks
        self.slot = slot
        self.publication = publication
    }

    /// Which tables' rows become messages at all: with a log, each sink's own choice is made when it is read.
    func filter(isFannedOut: Bool) -> TableFilter {
        let all = TableFilter(tables)
        return isFannedOut ? all : all.and(TableFilter(sinks.first?.tables ?? []))
    }

    /// The options that change how the changes of a transaction are numbered.
    var fingerprint: String {
        "publication_names=\(publication) origin=any two_phase=off"
    }
}

/// One of the sinks of a stream.
struct SinkChoice: Sendable {
    /// Makes it anew for each attempt.
    var makeSink: @Sendable () -> any Sink
    /// Only messages of these tables; empty: all.
    var tables: [String] = []
}

/// What happens when the log has used up its disk budget.
enum WhenSpillIsFull: String, Sendable, CaseIterable {
    /// Nothing is read from the slot until the sink that is furthest behind has gone on.
    case pause
    /// That sink is given up.
    case detach
}
