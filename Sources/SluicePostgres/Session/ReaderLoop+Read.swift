internal import Glibc

extension ReaderLoop {
    /// Reads until the demand or the unit is used or the socket is empty, and answers.
    ///
    /// The caller has reserved a unit of the budget.
    mutating func read(_ call: ReadCall) throws(ReplicationError) {
        var problem: ReplicationError?
        do throws(ReplicationError) {
            try gather(demand: call.demand)
        } catch {
            problem = error
        }
        progress.record(framer.takeFacts())
        progress.record(framer.takeVersions())
        progress.record(framer.takeCopied())
        var cost = framer.cost
        var changes = framer.take()
        // The last row may be larger than what was reserved: it waits until there is room for it.
        if cost > budget.readUnit, let last = changes.popLast() {
            cost -= Int(last.cost)
            unpaid = last
        }
        budget.settle(reserved: budget.readUnit, used: cost)
        if !changes.isEmpty { try Failpoint.read.pass() }
        handOver(changes, to: call)
        if let problem { throw problem }
    }

    /// Answers a call; what a cancelled one does not take waits for the next.
    mutating func handOver(_ changes: [RawChange], to call: ReadCall) {
        guard !changes.isEmpty else { return }
        if call.finish(changes) {
            snapshot.changes += UInt64(changes.count)
        } else {
            pending = changes[...]
        }
    }

    /// Drains the socket; while much is coming, several times for one answer, because each answer wakes every stage.
    private mutating func gather(demand: Int) throws(ReplicationError) {
        let deadline = Instant.now.advanced(by: Self.gatherLimit)
        let wanted = min(demand, Self.gatherEvents)
        while true {
            // What the last answer left behind shows as well as a wait that much is coming.
            let isUnderWay = mayHoldFrames
            let pause = isUnderWay ? .zero : wait.beforeRead(at: .now, demand: demand)
            if pause > .zero { usleep(UInt32(clamping: pause.nanoseconds / 1000)) }
            var bytes = 0
            // Also after a failure: what was read before it counts.
            defer {
                let now = Instant.now
                if bytes > 0 { lastHeard = now }
                wait.drained(at: now, bytes: bytes, waited: pause > .zero)
            }
            try drain(demand: demand, bytes: &bytes)
            guard !mayHoldFrames, !framer.isFinished, isUnderWay || wait.isHot(bytes: bytes, waited: pause > .zero),
                framer.count < wanted, framer.cost < budget.readUnit, Instant.now < deadline
            else { return }
        }
    }

    private mutating func drain(demand: Int, bytes: inout Int) throws(ReplicationError) {
        mayHoldFrames = true
        isReadable = false
        var reads = 0
        var bytesBefore = -1
        while true {
            while framer.count < demand && framer.cost < budget.readUnit && bytes < Self.discardUnit {
                if framer.isCopying {
                    bytes += framer.copyNext()
                    continue
                }
                if framer.isReplaying {
                    bytes += try replayNext()
                    admitPage()
                    if framer.isHalted { return }
                    continue
                }
                guard let transport else { return }
                var outcome = StreamFramer.Outcome.none
                let found = try transport.nextFrame { (frame) throws(ReplicationError) in
                    bytes += frame.count
                    if frame.count > Self.hugeRow { hasReadHugeRow = true }
                    outcome = try framer.receive(frame)
                    if case .spool(let message) = outcome { try spool?.append(message, of: frame) }
                }
                switch outcome {
                case .none, .spool: break
                case .replyRequested: schedule.replyRequested()
                case .finished: return
                case .discard(let transaction): spool?.discard(transaction)
                case .replay(let transaction, let committed): try beginReplay(of: transaction, committed)
                }
                admitPage()
                if framer.isHalted { return }
                if !found {
                    mayHoldFrames = false
                    break
                }
            }
            // Demand or unit used up: the rest stays with libpq and in the socket.
            guard !mayHoldFrames, let transport else { return }
            // A read that brought little has caught up with the server. One that brought nothing may have brought a piece
            // of a large frame.
            let brought = bytes - bytesBefore
            if bytesBefore >= 0, brought < Self.littleRead, brought > 0 || !transport.isReadable() { return }
            bytesBefore = bytes
            // A huge row takes many reads; statuses get their turn in between.
            if reads == Self.maxReads {
                isReadable = true
                return
            }
            try transport.consumeInput()
            snapshot.reads += 1
            reads += 1
            mayHoldFrames = true
        }
    }
}
