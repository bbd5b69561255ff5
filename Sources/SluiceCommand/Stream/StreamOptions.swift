import SluicePostgres
import SluiceSinks

/// What `sluice stream` was asked to do.
struct StreamOptions: Sendable {
    var target: ConnectionTarget
    var sink: any Sink
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

    init(target: ConnectionTarget, sink: any Sink, slot: String, publication: String) {
        self.target = target
        self.sink = sink
        self.slot = slot
        self.publication = publication
    }

    /// The options that change how the changes of a transaction are numbered.
    var fingerprint: String {
        "publication_names=\(publication) origin=any two_phase=off"
    }
}
