/// What a reader needs to take pages of tables into the stream.
package struct CopyConfiguration: Sendable {
    /// Where the orders come from.
    package var exchange: PageExchange

    /// The runs whose watermarks count.
    package var journal: CopyJournal

    /// Where the sink stands: behind all that an earlier run has delivered.
    package var start: Cursor?

    /// How many bytes of the keys of changed rows may be kept, about.
    package var keysLimit: Int

    /// Where the slot starts, if it is not to be read before the order to: pages of the snapshot from there come first.
    package var heldAt: LSN?

    /// Makes a configuration.
    package init(exchange: PageExchange, journal: CopyJournal, start: Cursor?, keysLimit: Int, heldAt: LSN? = nil) {
        self.heldAt = heldAt
        self.start = start
        self.exchange = exchange
        self.journal = journal
        self.keysLimit = keysLimit
    }
}
