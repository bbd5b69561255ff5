import SluicePostgres
import SluiceSinks

/// The order in which a process takes what only one may have: the slot's claim, then the state, then the sink.
///
/// While it stands by it waits for each of them, with one line for the user and then in silence. What it learns of the
/// slot is learnt after the claim is taken, and what it learns of the state and the sink after those are: nothing that
/// the process before has written goes unseen.
struct SlotEntrance {
    /// After a kill the server needs a moment to notice; so long even a process waits that does not stand by.
    private static let patience = Duration.seconds(5)
    private static let longestPause = Duration.seconds(1)

    let options: StreamOptions
    let claim: SlotClaim
    let console: Console

    /// Takes the claim, and checks the server.
    ///
    /// - Returns: What was found, and where to end, if that is asked for.
    func enter() async throws -> (Preflight.Report, LSN?) {
        let thread = BlockingThread()
        defer { thread.close() }
        let deadline = ContinuousClock.now + Self.patience
        return try await waiting { [options, claim] in
            try await thread.run {
                try claim.take()
                do {
                    return try Self.check(options)
                } catch {
                    claim.release()
                    throw error
                }
            }
        } whileOccupied: { error, hasWaited in
            guard let error = error as? ReplicationError else { return nil }
            switch error.code {
            case .slotClaimed, .slotInUse:
                return options.standsBy || ContinuousClock.now < deadline ? error.message : nil
            // A standby outlives its server's restart.
            default: return options.standsBy && hasWaited && error.isRetriable ? error.message : nil
            }
        }
    }

    /// Does something for which only one process at a time may have the sink.
    func whenFree<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await waiting(body) { error, _ in
            guard options.standsBy, let error = error as? SinkError, error.code == .inUse else { return nil }
            return error.message
        }
    }

    /// Repeats an attempt while its failure means that somebody else has what it needs.
    private func waiting<Result>(
        _ attempt: () async throws -> Result,
        whileOccupied reason: (any Error, Bool) -> String?
    ) async throws -> Result {
        var pause = Duration.milliseconds(100)
        var hasWaited = false
        while true {
            do {
                let result = try await attempt()
                if hasWaited { console.notice("It is free now: going on.") }
                return result
            } catch {
                guard let reason = reason(error, hasWaited) else { throw error }
                if !hasWaited {
                    // The advice behind the first sentence is for those who do not wait.
                    let sentence = reason.firstRange(of: ". ").map { reason[..<$0.lowerBound] } ?? reason[...]
                    console.notice(
                        options.standsBy
                            ? "Standing by. \(sentence)."
                            : "\(sentence). Waiting \(Self.patience) for it to be given up."
                    )
                }
                hasWaited = true
            }
            try await Task.sleep(for: pause * Double.random(in: 0.5...1))
            pause = min(Self.longestPause, pause * 2)
        }
    }

    private static func check(_ options: StreamOptions) throws -> (Preflight.Report, LSN?) {
        let connection = try Connection(options.target)
        let report = try Preflight.run(
            on: connection,
            options: Preflight.Options(
                slot: options.slot,
                publications: [options.publication],
                tables: options.tables,
                create: options.create,
                streaming: options.streaming,
                snapshotTarget: options.backfill != nil && options.backfillConnections > 0 ? options.target : nil
            )
        )
        switch options.until {
        case .now: return (report, try connection.untilNow())
        case .position(let position): return (report, position)
        case nil: return (report, nil)
        }
    }
}
