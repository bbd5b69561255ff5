import SluicePostgres
import SluiceSinks
import Synchronization

extension FanOut {
    /// Whether a sink that the log keeps something for takes rows, be it named now or before.
    static func needsRows(_ options: StreamOptions, _ attachments: [LogAttachment]) -> Bool {
        options.sinks.contains { $0.makeSink().takesRows }
            || attachments.contains { $0.readsRows && !$0.isDetached && !options.detached.contains($0.sink) }
    }

    /// Attaches the sinks to a log that has begun.
    ///
    /// A sink that is new has to open now, so that what is wrong with it is told at once; one that was fed before may be
    /// down, and is opened when it is fed.
    ///
    /// - Throws: What stands in the way; nothing is left open then but the claims of the store.
    static func open(
        _ options: StreamOptions,
        _ surroundings: Branch.Surroundings,
        store: CheckpointStore,
        entrance: SlotEntrance
    ) async throws -> FanOut {
        let (log, source, console) = (surroundings.log, surroundings.source, surroundings.console)
        var attachments: [String: LogAttachment] = [:]
        for attachment in try await store.attachments(of: source) { attachments[attachment.sink] = attachment }
        for sink in options.detached {
            guard var attachment = attachments[sink] else {
                throw SinkError(.missing, "--detach \(sink): the log of \(source) feeds no such sink.")
            }
            attachment.isDetached = true
            attachments[sink] = attachment
            try await store.save(attachment, of: source)
        }
        var branches: [Branch] = []
        do {
            for choice in options.sinks {
                let identity = choice.makeSink().identity
                let branch = try await open(
                    choice,
                    attachments.removeValue(forKey: identity),
                    readmitting: options.readmitted.contains(identity),
                    fingerprint: options.fingerprint,
                    surroundings,
                    store: store,
                    entrance: entrance
                )
                branches.append(branch)
            }
            guard branches.contains(where: { !$0.isDetached }) else {
                throw SinkError(.unavailable, "No sink is left: all are detached. Give --readmit to go on.")
            }
        } catch {
            for branch in branches { await branch.state.withLock { $0.opened.take() }?.sink.close() }
            throw error
        }
        for attachment in attachments.values.sorted(by: { $0.sink < $1.sink }) where !attachment.isDetached {
            log.hold(attachment.sink, above: attachment.hold)
            console.notice(
                "\(attachment.sink) was fed before and is not named now: what it lacks is kept for it in the log. Name it "
                    + "again, or give --detach \(attachment.sink)."
            )
        }
        let fanOut = FanOut(log, branches: branches, store: store, source: source, console: console)
        fanOut.setPolicy(options)
        return fanOut
    }

    /// Opens the branch of a sink, which was fed before or is new.
    private static func open(
        _ choice: SinkChoice,
        _ attachment: LogAttachment?,
        readmitting: Bool,
        fingerprint: String,
        _ surroundings: Branch.Surroundings,
        store: CheckpointStore,
        entrance: SlotEntrance
    ) async throws -> Branch {
        let source = surroundings.source
        let identity = choice.makeSink().identity
        guard let floor = surroundings.log.floor, let last = surroundings.log.last else {
            throw SinkError(.notOpen, "The log has not begun.")
        }
        let remembered = try await entrance.whenFree { try await store.load(source: source, sink: identity) }
        var checkpoint =
            remembered.checkpoint
            ?? Checkpoint(
                source: source,
                sink: identity,
                reported: .zero,
                position: SinkPosition(cursor: nil),
                fingerprint: fingerprint
            )
        checkpoint.source = source
        if let attachment {
            let behind = readmitting ? last : nil
            let resumed = try await resume(choice, attachment, readmittingBehind: behind, surroundings, store: store)
            return Branch(choice, resumed, checkpoint: checkpoint, opened: nil, surroundings)
        }
        let (sink, opening) = try await entrance.whenFree {
            try await openSink(choice, for: source, remembered: remembered.checkpoint?.position)
        }
        do {
            let facts = AttachDecision.Facts(
                sink: identity,
                floor: floor,
                rowsFloor: sink.takesRows ? surroundings.log.rowsFloor : nil,
                last: last,
                checkpoint: remembered.checkpoint,
                opening: opening,
                isOrdered: sink is any OrderedSink
            )
            let decision = try AttachDecision(attaching: facts, goingOnFromHere: readmitting)
            for notice in opening.notices + decision.notices { surroundings.console.notice(notice) }
            let attachment = LogAttachment(sink: identity, after: decision.after, readsRows: sink.takesRows)
            checkpoint.position = opening.position
            // Before anything comes into the log: from now on it is kept for the sink.
            try await store.save(attachment, of: source, with: checkpoint)
            surroundings.log.hold(identity, above: attachment.after)
            let fresh = Branch.FreshSink(sink: sink, after: decision.after)
            return Branch(choice, attachment, checkpoint: checkpoint, opened: fresh, surroundings)
        } catch {
            await sink.close()
            throw error
        }
    }

    /// Goes on with a sink that was fed before; one that is detached stays so, unless it is readmitted.
    private static func resume(
        _ choice: SinkChoice,
        _ attachment: LogAttachment,
        readmittingBehind last: Cursor?,
        _ surroundings: Branch.Surroundings,
        store: CheckpointStore
    ) async throws -> LogAttachment {
        var attachment = attachment
        if attachment.isDetached, let last {
            attachment.isDetached = false
            attachment.readsRows = choice.makeSink().takesRows
            attachment.after = last
            try await store.save(attachment, of: surroundings.source)
            surroundings.console.notice("\(attachment.sink) is readmitted: it gets what comes behind \(last).")
        }
        if attachment.isDetached {
            surroundings.console.notice(
                "\(attachment.sink) is detached and gets nothing. --readmit \(attachment.sink) lets it go on from now on, "
                    + "without what it has missed."
            )
        } else {
            surroundings.log.hold(attachment.sink, above: attachment.hold)
        }
        return attachment
    }

    private static func openSink(
        _ choice: SinkChoice,
        for source: SourceIdentity,
        remembered: SinkPosition?
    ) async throws -> (any Sink, SinkOpening) {
        let sink = choice.makeSink()
        do {
            return (sink, try await sink.open(for: source, remembered: remembered))
        } catch {
            await sink.close()
            throw error
        }
    }
}
