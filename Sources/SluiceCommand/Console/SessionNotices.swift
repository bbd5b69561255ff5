import SluicePostgres

/// Decides what of a reader's sessions the user hears: each loss and its reason once, and when reading goes on.
struct SessionNotices {
    private var lastFailure: String?
    private var isClosedByPause = false

    /// What is new in a reader's state; `nil`: nothing.
    mutating func notice(of reader: SlotReaderSnapshot) -> String? {
        defer {
            lastFailure = reader.lastFailure
            isClosedByPause = reader.state == .pausedClosed
        }
        if let failure = reader.lastFailure, failure != lastFailure, reader.state != .finished {
            return "\(failure) Connecting again."
        }
        if lastFailure != nil, reader.lastFailure == nil { return "Connected again." }
        if reader.state == .pausedClosed, !isClosedByPause {
            return
                "Nothing was taken for so long (--max-pause) that the connection to the server was closed. It is opened "
                + "again when the sink takes more; the slot keeps its place."
        }
        return nil
    }
}
