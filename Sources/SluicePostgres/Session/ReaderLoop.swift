internal import Glibc

/// The life of a reader's thread: sessions one after another, until it is stopped.
struct ReaderLoop: ~Copyable {
    /// After so many bytes without a new event (all below the bound), statuses get their turn.
    static let discardUnit = 1 << 20
    static let maxReads = 64
    /// A read that brings less finds the server's next rows only one by one: better to let them gather.
    static let littleRead = 8 << 10
    /// A row above this size makes libpq's buffer so large that it is worth a new session.
    static let hugeRow = 16 << 20
    /// While much is coming, an answer has so many events, or as many as come in so long.
    static let gatherEvents = 2048
    static let gatherLimit = Duration.milliseconds(10)
    static let finishLimit = Duration.seconds(2)
    static let stalledLimit = Duration.milliseconds(500)

    let configuration: SlotReader.Configuration
    let budget: any ReadBudget
    let progress: SlotProgress
    let mailbox: ReaderMailbox
    let makeTransport: @Sendable () -> any ReplicationTransport

    var framer: StreamFramer
    var schedule: StatusSchedule
    var wait = CoalescingWait()
    var backoff = ReconnectBackoff()
    var transport: (any ReplicationTransport)?
    let spool: Spool?
    /// Of the transaction that is being replayed.
    var committed = StreamAssembly.Committed()
    /// Whether sessions stream transactions that are still open.
    var streams: Bool
    /// Read but not yet handed over, because the call that asked for them was cancelled.
    var pending: ArraySlice<RawChange> = []
    /// Read, and not yet handed over because it costs more than was reserved for it.
    var unpaid: RawChange?
    /// What no new attempt cures.
    var failure: ReplicationError?
    var snapshot = SlotReaderSnapshot()

    var connectAt = Instant.now
    /// The position that the current session, or the last attempt at one, started from.
    var startedFrom = LSN.zero
    /// Nothing is to be read any more, but positions still move.
    var isSettling = false
    var isClosedByPause = false
    /// libpq may hold complete frames that poll does not see.
    var mayHoldFrames = false
    /// A row was so large that libpq's buffer is to be given back.
    var hasReadHugeRow = false
    var isReadable = false
    var isStarved = false
    var hasOutput = false
    var pausedSince: Instant?
    var lastHeard = Instant.now

    init(
        configuration: SlotReader.Configuration,
        budget: any ReadBudget,
        progress: SlotProgress,
        mailbox: ReaderMailbox,
        makeTransport: @escaping @Sendable () -> any ReplicationTransport
    ) {
        self.configuration = configuration
        self.budget = budget
        self.progress = progress
        self.mailbox = mailbox
        self.makeTransport = makeTransport
        let spool = configuration.spool.map(Spool.init)
        self.spool = spool
        // Not the property: Swift 6.3 destroys the fields of a noncopyable value that are not initialized yet when a
        // closure, as behind &&, captures what is initialized.
        streams = configuration.streamsOpenTransactions && spool != nil
        schedule = StatusSchedule(
            walSenderTimeout: configuration.walSenderTimeout,
            interval: configuration.statusInterval
        )
        framer = StreamFramer(
            firstSequence: configuration.firstSequence,
            discardThrough: configuration.discardThrough,
            until: configuration.until,
            known: configuration.known,
            intake: configuration.copy.map {
                CopyIntake(journal: $0.journal, start: $0.start, limit: $0.keysLimit, heldAt: $0.heldAt)
            }
        )
    }

    mutating func run() {
        while true {
            mailbox.wake.reset()
            let (call, stop) = mailbox.request()
            if let stop {
                end(stop)
                return
            }
            if let call, answer(call) { continue }
            if mailbox.isSettling {
                isSettling = true
                closeIfBlocked()
            }
            connectIfWanted(call)
            followOrders()
            do throws(ReplicationError) {
                try sendStatusIfDue(isReading: call != nil && !framer.isOccupied)
                if let call { try readIfPossible(call) }
            } catch {
                lost(error)
            }
            reportCopy()
            giveBackHugeBuffer()
            closeIfPausedTooLong(call)
            publish(call)
            if call == nil || pending.isEmpty { pause(call) }
        }
    }

    /// Answers a call with what is there already.
    private mutating func answer(_ call: ReadCall) -> Bool {
        if !pending.isEmpty {
            let changes = pending.prefix(call.demand)
            if call.finish(Array(changes)) {
                snapshot.changes += UInt64(changes.count)
                pending = pending.dropFirst(changes.count)
            }
            return true
        }
        if framer.isFinished, unpaid == nil {
            _ = call.finish(nil)
            return true
        }
        if let failure {
            call.finish(throwing: failure)
            return true
        }
        return false
    }

    private mutating func readIfPossible(_ call: ReadCall) throws(ReplicationError) {
        if let unpaid {
            isStarved = !budget.reserve(bytes: Int(unpaid.cost))
            if isStarved { return }
            self.unpaid = nil
            return handOver([unpaid], to: call)
        }
        guard !framer.isFinished, !framer.isHalted,
            framer.isOccupied || transport != nil && (mayHoldFrames || isReadable)
        else {
            return
        }
        isStarved = !budget.reserve(bytes: budget.readUnit)
        if !isStarved { try read(call) }
    }

    /// Waits for something to do, at most until the next status may be due.
    private mutating func pause(_ call: ReadCall?) {
        let now = Instant.now
        let reads = wantsRead(call)
        if reads && (mayHoldFrames || framer.isOccupied) || call != nil && unpaid != nil && !isStarved { return }
        var descriptors = [pollfd(fd: mailbox.wake.descriptor, events: Int16(POLLIN), revents: 0)]
        var deadline = schedule.nextCheck(after: now)
        if let transport {
            var events = Self.peerClosed
            if reads { events |= Int16(POLLIN) }
            if hasOutput { events |= Int16(POLLOUT) }
            descriptors.append(pollfd(fd: transport.descriptor, events: events, revents: 0))
        } else {
            deadline = isConnectWanted(call) ? connectAt : now.advanced(by: .seconds(1))
        }
        let timeout = min(1000, max(0, now.milliseconds(until: deadline)))
        guard poll(&descriptors, nfds_t(descriptors.count), Int32(timeout)) > 0, descriptors.count > 1 else { return }
        let found = descriptors[1].revents
        if found & Int16(POLLIN) != 0 { isReadable = true }
        if found & (Self.peerClosed | Int16(POLLHUP | POLLERR | POLLNVAL)) != 0 {
            // While it reads, libpq finds the end itself, with the server's reason.
            if reads {
                isReadable = true
            } else {
                lost(ReplicationError(.connectionLost, "The server closed the connection while nothing was asked."))
            }
        }
    }

    /// Linux' POLLRDHUP, which the C library shows only with its extensions.
    private static let peerClosed: Int16 = 0x2000

    func wantsRead(_ call: ReadCall?) -> Bool {
        (transport != nil || framer.isOccupied) && call?.isWaiting == true && !isStarved && !framer.isFinished
            && !framer.isHalted
    }

    private mutating func publish(_ call: ReadCall?) {
        snapshot.demand = call?.isWaiting == true ? call?.demand ?? 0 : 0
        snapshot.received = framer.received
        snapshot.walEnd = framer.walEnd
        snapshot.reported = schedule.lastFlush
        snapshot.spooledBytes = spool?.bytes ?? 0
        snapshot.state =
            if framer.isFinished || failure != nil {
                .finished
            } else if transport == nil && !framer.isOccupied && !framer.isHeld {
                isClosedByPause ? .pausedClosed : .connecting
            } else if call == nil {
                .pausedNoDemand
            } else {
                isStarved ? .pausedNoBudget : .reading
            }
        mailbox.publish(snapshot)
    }

    private mutating func end(_ stop: ReaderMailbox.Stop) {
        if let transport {
            // Unread data may be one keepalive, or a server that is blocked in sending a large transaction: there is no
            // telling which, so the end is tried, and given up soon.
            let hasUnread = !framer.isFinished && transport.isReadable()
            try? sendStatus(wantsReply: false)
            switch stop {
            case .finish: transport.finish(within: hasUnread ? Self.stalledLimit : Self.finishLimit)
            case .close: transport.close()
            }
        }
        transport = nil
        spool?.discardAll()
        budget.settle(reserved: pending.reduce(0) { $0 + Int($1.cost) }, used: 0)
        publish(nil)
        mailbox.end()
    }
}
