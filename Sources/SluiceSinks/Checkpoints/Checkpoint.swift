package import SluicePostgres

/// What the state file holds of one sink of one slot.
package struct Checkpoint: Hashable, Sendable {
    /// Where the changes come from; server and slot are part of the record's key.
    package var source: SourceIdentity

    /// The sink's identity, the rest of the record's key.
    package var sink: String

    /// The highest position that was ever reported to the server as flushed.
    package var reported: LSN

    /// How far the sink is.
    package var position: SinkPosition

    /// The options that change the numbering of changes in a transaction, as text.
    package var fingerprint: String

    /// Makes a checkpoint.
    package init(
        source: SourceIdentity,
        sink: String,
        reported: LSN,
        position: SinkPosition,
        fingerprint: String
    ) {
        self.source = source
        self.sink = sink
        self.reported = reported
        self.position = position
        self.fingerprint = fingerprint
    }
}

/// What the state file knows when a sink is about to be opened.
package struct RememberedState: Hashable, Sendable {
    /// The record of this sink of this slot; `nil` if there is none.
    package var checkpoint: Checkpoint?

    /// Other slots or servers whose messages went to the same sink.
    package var otherSources: [SourceIdentity]

    /// What the tables were like as of the record's cursor: the newest version of each.
    package var versions: [RelationVersion]

    /// Makes a memory; without arguments, an empty one.
    package init(
        checkpoint: Checkpoint? = nil,
        otherSources: [SourceIdentity] = [],
        versions: [RelationVersion] = []
    ) {
        self.checkpoint = checkpoint
        self.otherSources = otherSources
        self.versions = versions
    }
}
