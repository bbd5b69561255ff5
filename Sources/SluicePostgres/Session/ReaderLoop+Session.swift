internal import Glibc

extension ReaderLoop {
    private static let blockedAfter = Duration.seconds(1)

    func isConnectWanted(_ call: ReadCall?) -> Bool {
        guard transport == nil, failure == nil, !isSettling, !framer.isFinished, !framer.isOccupied, !framer.isHeld
        else { return false }
        return !isClosedByPause || (call != nil && budget.isHalfFree)
    }

    mutating func connectIfWanted(_ call: ReadCall?) {
        guard isConnectWanted(call), Instant.now >= connectAt, mailbox.beginConnecting() else { return }
        defer { mailbox.endConnecting() }
        publishConnecting()
        spool?.discardAll()
        let transport = makeTransport()
        do throws(ReplicationError) {
            startedFrom = progress.durable
            try transport.start(from: startedFrom, openTransactions: streams)
        } catch {
            transport.close()
            lost(error)
            return
        }
        let now = Instant.now
        self.transport = transport
        isClosedByPause = false
        mayHoldFrames = true
        (isReadable, isStarved, hasOutput) = (false, false, false)
        (pausedSince, lastHeard) = (nil, now)
        backoff.connected(at: now)
        schedule.sessionStarted()
        snapshot.sessions += 1
        snapshot.lastFailure = nil
    }

    private mutating func publishConnecting() {
        snapshot.state = .connecting
        mailbox.publish(snapshot)
    }

    /// The session is over; another follows if that may help.
    mutating func lost(_ error: ReplicationError) {
        transport?.close()
        transport = nil
        // Servers have had errors of their own in decoding what is still open, as after a part of it that rewrote a table
        // was rolled back ("could not map filenode"); after the commit they decode the same.
        let isOfStreaming = streams && (error.code == .spoolFailed || error.sqlState?.hasPrefix("XX") == true)
        if isOfStreaming { stopStreaming(error) }
        framer.sessionRestarted()
        snapshot.lastFailure = error.description
        if (error.isRetriable || isOfStreaming) && snapshot.sessions > 0 {
            connectAt = backoff.failed(at: .now, chance: .random(in: 0...1), hasMoved: progress.durable > startedFrom)
            startedFrom = progress.durable
        } else if !framer.isFinished {
            failure = error
        }
    }

    /// A client that does not read blocks the server's shutdown and the invalidation of its slot: not for ever.
    mutating func closeIfPausedTooLong(_ call: ReadCall?) {
        let leavesSocket = !wantsRead(call) || framer.isOccupied
        guard transport != nil, leavesSocket, !framer.isFinished, pending.isEmpty || call == nil else {
            pausedSince = nil
            return
        }
        let now = Instant.now
        let since = pausedSince ?? now
        pausedSince = since
        guard since.duration(to: now) > configuration.maxPause else { return }
        try? sendStatus(wantsReply: false)
        transport?.close()
        transport = nil
        framer.sessionRestarted()
        isClosedByPause = true
        pausedSince = nil
        connectAt = now
    }

    /// Lets go of a server that has been blocked in sending for a while, when nothing will be read any more.
    ///
    /// Another one waits for the last status.
    mutating func closeIfBlocked() {
        guard let transport, let pausedSince, pausedSince.duration(to: .now) > Self.blockedAfter, transport.isReadable()
        else { return }
        try? sendStatus(wantsReply: false)
        transport.close()
        self.transport = nil
    }

    /// libpq's buffer grows with the largest row and never shrinks: after a huge one the session starts anew.
    ///
    /// Between two transactions only, because one that was cut off would be sent again from its start.
    mutating func giveBackHugeBuffer() {
        guard hasReadHugeRow, transport != nil, !framer.isInTransaction, !framer.isFinished else { return }
        hasReadHugeRow = false
        try? sendStatus(wantsReply: false)
        transport?.close()
        transport = nil
        framer.sessionRestarted()
        connectAt = .now
    }

    mutating func sendStatusIfDue(isReading: Bool) throws(ReplicationError) {
        guard let transport else { return }
        if hasOutput { hasOutput = try !transport.flush() }
        let now = Instant.now
        let isListening = isReading && !isStarved && !framer.isFinished
        if !isListening { lastHeard = now }
        let silence = lastHeard.duration(to: now)
        if silence > schedule.patience + schedule.interval {
            throw ReplicationError(.connectionLost, "The server has not answered for \(silence.components.seconds) s.")
        }
        let wantsKeepalive = isListening && framer.awaitsPosition
        let isDue = schedule.isDue(
            at: now,
            durable: progress.durable,
            isIdle: progress.isIdle,
            wantsKeepalive: wantsKeepalive
        )
        // What is queued and cannot be written is enough: the server does not read.
        guard isDue, !hasOutput else { return }
        try sendStatus(wantsReply: wantsKeepalive || (isListening && silence >= schedule.interval))
    }

    /// Only the flushed position moves the slot; the received one is for the server's statistics.
    mutating func sendStatus(wantsReply: Bool) throws(ReplicationError) {
        guard let transport else { return }
        let flush = max(progress.durable, schedule.lastFlush)
        let status = StandbyStatus(
            written: max(framer.received, flush),
            flushed: flush,
            applied: flush,
            clientTime: ServerTime.now,
            replyRequested: wantsReply
        )
        try transport.send(status.encoded)
        schedule.sent(at: .now, flush: flush)
        hasOutput = try !transport.flush()
        try Failpoint.reported.pass()
    }
}
