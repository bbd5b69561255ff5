extension ReaderLoop {
    /// From now on the spool is read instead of the socket.
    mutating func beginReplay(
        of transaction: UInt32,
        _ committed: StreamAssembly.Committed
    ) throws(ReplicationError) {
        self.committed = committed
        try spool?.beginReplay(transaction)
    }

    /// Takes the next message of the transaction that is being replayed, or ends it.
    ///
    /// - Returns: How many bytes were read.
    mutating func replayNext() throws(ReplicationError) -> Int {
        var size = 0
        let found = try spool?.next { (xid, message) throws(ReplicationError) in
            size = message.count
            if committed.includes(message.first ?? 0, of: xid) { try framer.replay(message) }
        }
        if found != true {
            framer.endReplay()
            committed = StreamAssembly.Committed()
        }
        return size
    }

    /// Without a place for them, open transactions are left to the server, which sends them after their commit.
    ///
    /// What was kept is thrown away: the next session starts at the safe position and brings it again.
    mutating func stopStreaming(_ reason: ReplicationError) {
        framer.abandonReplay()
        spool?.discardAll()
        streams = false
        snapshot.streamingFailure = reason
    }
}
