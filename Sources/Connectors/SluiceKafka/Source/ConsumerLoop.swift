import CLibRDKafka
import SluicePipelines
import SluicePostgres
import SluiceSinks

/// What runs on a source's thread: reads messages that are wanted, takes note of what becomes of them, commits, and
/// answers the group.
///
/// It waits for nothing but its inbox's signal, which commands and the library's events give alike. So it goes on polling,
/// as the group demands, however long messages are being handled.
final class ConsumerLoop {
    /// Partitions that the group wants back.
    struct Revocation {
        let list: PartitionList
        /// Of the first commit that is made for it; one before may have been refused for a generation that has passed.
        let firstCommit: Int
        var departure: Departure
    }

    enum Phase {
        /// Nothing is connected.
        case new
        case running
        /// Waits for the last commit.
        case departing(Departure)
        /// Waits until the member has left its group.
        case leaving(until: Instant)
    }

    private static let longestWait: Int64 = 1000

    let settings: SourceSettings
    let report: @Sendable (KafkaSourceReport) -> Void
    private let inbox: ConsumerInbox
    private let failure: SourceFailure

    var phase = Phase.new
    var client: ConsumerClient?
    var assignment: Assignment
    var revocation: Revocation?
    private var hasBeenAssigned = false
    private var fault: SinkError?

    private var wanted: (count: Int, call: Call<[KafkaRecord]>)?
    /// What the last call brought: it has arrived when there is another one.
    private var handedOver: [KafkaRecord.Identity] = []
    private var isAbandoned = false
    private var isEnded = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// The commit that has no answer yet.
    private var committing: (number: Int, commits: [Assignment.Commit])?
    private(set) var lastCommit = 0
    private var nextCommit = Instant.now

    private var letters: LetterWriter?
    /// Messages in flight that may have to be written to the topic for dead letters.
    private var kept: [KafkaRecord.Identity: KafkaRecord] = [:]

    init(
        _ settings: SourceSettings,
        _ inbox: ConsumerInbox,
        _ report: @escaping @Sendable (KafkaSourceReport) -> Void
    ) {
        self.settings = settings
        self.inbox = inbox
        self.report = report
        failure = SourceFailure(settings: settings)
        assignment = Assignment(limit: settings.options.maxInFlightPerPartition)
        if case .deadLetter(let topic) = settings.options.onFailure {
            letters = LetterWriter(settings, topic: topic, wakeUp: inbox.wakeUp)
        }
    }

    /// Blocks its thread until the source has ended and the member has left its group.
    func run() {
        while true {
            inbox.wakeUp.reset()
            for command in inbox.take() { carryOut(command) }
            let hasEvents = hear()
            serveLetters()
            read()
            let now = Instant.now
            var wait = min(serveRevocation(now), serveCommits(now))
            switch serveEnd(now) {
            case .over: return finish()
            case .wait(let milliseconds): wait = min(wait, milliseconds)
            }
            if !hasEvents { inbox.wakeUp.wait(milliseconds: min(max(wait, 0), Self.longestWait)) }
        }
    }

    // MARK: - Commands

    private func carryOut(_ command: ConsumerInbox.Command) {
        switch command {
        case .take(let count, let call):
            handedOver = []
            wanted = (count, call)
            start()
        case .settle(let outcome, let number): settle(outcome, number)
        case .end(let continuation, let cutOff):
            isEnded = true
            wanted = nil
            if cutOff {
                for identity in handedOver {
                    assignment.withdraw(identity.offset, number: identity.number)
                    kept[identity] = nil
                }
                handedOver = []
            }
            if let continuation { waiting.append(continuation) }
        case .abandon: isAbandoned = true
        }
    }

    private func start() {
        guard case .new = phase, fault == nil else { return }
        do throws(SinkError) {
            client = try ConsumerClient(settings, wakeUp: inbox.wakeUp)
            phase = .running
            nextCommit = Instant.now.advanced(by: settings.options.commitInterval)
        } catch {
            fault = error
        }
    }

    // MARK: - Messages

    private func read() {
        guard let (count, call) = wanted else { return }
        if let fault {
            wanted = nil
            return call.fail(fault)
        }
        guard let client else { return }
        var records: [KafkaRecord] = []
        var hasMore = true
        while hasMore, records.count < count {
            hasMore = false
            for share in assignment.turn(wanted: count - records.count) where records.count < count {
                client.read(share.partition, atMost: min(share.count, count - records.count)) { record in
                    var record = record
                    record.identity.number = assignment.emit(record.identity.offset, of: share.partition)
                    records.append(record)
                    hasMore = true
                } trouble: {
                    note($0, isFatal: false)
                }
            }
        }
        guard !records.isEmpty else { return }
        wanted = nil
        handedOver = records.map(\.identity)
        if letters != nil { for record in records { kept[record.identity] = record } }
        let arrived = records
        call.perform { arrived }
    }

    private func settle(_ outcome: AcknowledgedMessages, _ number: Int) {
        for receipt in outcome.successful {
            let identity = KafkaRecord.Identity(number: number, offset: receipt.offset)
            kept[identity] = nil
            assignment.settle(identity.offset, number: number)
        }
        for failed in outcome.failed {
            let identity = KafkaRecord.Identity(number: number, offset: failed.receipt.offset)
            let record = kept.removeValue(forKey: identity)
            guard assignment.isCurrent(number) else { continue }
            switch settings.options.onFailure {
            case .commit: assignment.settle(identity.offset, number: number)
            case .stopPartition: stop(identity, failed.failure)
            case .deadLetter: if let record { letters?.write(record, because: failed.failure) }
            }
        }
    }

    private func stop(_ identity: KafkaRecord.Identity, _ failure: MessageFailure) {
        guard let partition = assignment.stop(at: identity.offset, number: identity.number) else { return }
        client?.pause(partition)
        report(.stopped(partition, offset: identity.offset, failure))
    }

    private func serveLetters() {
        do throws(SinkError) {
            _ = try letters?.serve { outcome in
                switch outcome {
                case .written(let identity): assignment.settle(identity.offset, number: identity.number)
                case .refused(let identity, let code):
                    stop(identity, MessageFailure("The topic for dead letters does not take it: \(code.text)"))
                case .trouble(let trouble): note(trouble, isFatal: false)
                }
            }
        } catch {
            fault = error
        }
    }

    private var letterCount: Int { letters?.count ?? 0 }

    // MARK: - Events

    private func hear() -> Bool {
        guard let client else { return false }
        return client.forEachEvent { event in
            switch event {
            case .assign(let list):
                hasBeenAssigned = true
                assignment.add(list.partitions)
                client.assign(list)
                report(.assigned(list.partitions))
            case .revoke(let list): beginRevoking(list, client)
            case .committed(let number, let code, let codes): hearCommit(number, code, codes)
            case .trouble(let trouble): note(trouble, isFatal: false)
            case .fatal(let trouble): note(trouble, isFatal: true)
            }
        }
    }

    private func note(_ trouble: Trouble, isFatal: Bool) {
        switch failure.meaning(of: trouble, isFatal: isFatal, hasBeenAssigned: hasBeenAssigned) {
        case .nothing: break
        case .passing(let error): report(.trouble(error))
        case .lasting(let error): fault = error
        }
    }

    // MARK: - Commits

    /// - Returns: In how many milliseconds there may be something to do.
    private func serveCommits(_ now: Instant) -> Int64 {
        guard case .running = phase else { return Self.longestWait }
        if now < nextCommit { return now.milliseconds(until: nextCommit) }
        guard client?.canCommit == true else { return Self.longestWait }
        nextCommit = now.advanced(by: settings.options.commitInterval)
        if committing == nil { commit() }
        return Self.longestWait
    }

    /// Whether no commit can be sent now.
    var isCommitting: Bool { committing != nil || client?.canCommit == false }

    func commit() {
        let commits = assignment.commits()
        guard let client, !commits.isEmpty else { return }
        lastCommit += 1
        let code = client.commit(commits, number: lastCommit)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR {
            committing = (lastCommit, commits)
        } else {
            report(.commitFailed(failure.commit(code, commits.map(\.partition))))
        }
    }

    private func hearCommit(_ number: Int, _ code: ResponseCode, _ codes: [TopicPartition: ResponseCode]) {
        guard let (expected, commits) = committing, expected == number else { return }
        committing = nil
        var failed: [ResponseCode: [TopicPartition]] = [:]
        for commit in commits {
            let own = codes[commit.partition] ?? RD_KAFKA_RESP_ERR_NO_ERROR
            let result = own == RD_KAFKA_RESP_ERR_NO_ERROR ? code : own
            if result == RD_KAFKA_RESP_ERR_NO_ERROR {
                assignment.committed(commit)
            } else {
                failed[result, default: []].append(commit.partition)
                // To try again would only keep the group waiting.
                if result.isOfRebalance, let revocation, number >= revocation.firstCommit {
                    self.revocation?.departure.commitIsRefused(at: .now)
                }
            }
        }
        for (code, partitions) in failed { report(.commitFailed(failure.commit(code, partitions))) }
    }

    // MARK: - The end

    private enum End {
        case over
        case wait(milliseconds: Int64)
    }

    private func serveEnd(_ now: Instant) -> End {
        guard isEnded || isAbandoned else { return .wait(milliseconds: Self.longestWait) }
        guard let client else { return .over }
        switch phase {
        case .new: return .over
        case .running:
            // Messages that failed and are being written elsewhere are nobody's to acknowledge.
            guard isAbandoned || assignment.inFlight() <= letterCount else {
                // Whoever acknowledges the last one waits.
                for continuation in waiting { continuation.resume() }
                waiting = []
                return .wait(milliseconds: Self.longestWait)
            }
            guard revocation == nil else { return .wait(milliseconds: Self.longestWait) }
            phase = .departing(Departure(drainEnd: now.advanced(by: settings.options.revokeTimeout)))
            return serveEnd(now)
        case .departing(var departure):
            let step = departure.step(
                at: now,
                inFlight: letterCount,
                hasCommits: !assignment.commits().isEmpty,
                isBusy: isCommitting,
                isLost: client.isAssignmentLost
            )
            phase = .departing(departure)
            switch step {
            case .wait(let time): return .wait(milliseconds: now.milliseconds(until: time))
            case .commit:
                commit()
                return .wait(milliseconds: 0)
            case .leave:
                client.beginClosing()
                phase = .leaving(until: now.advanced(by: Departure.commitTime))
                return .wait(milliseconds: 0)
            }
        case .leaving(let time):
            if client.isClosed || now >= time { return .over }
            return .wait(milliseconds: min(now.milliseconds(until: time), 10))
        }
    }

    private func finish() {
        letters = nil
        client = nil
        for command in inbox.close() {
            switch command {
            case .take(_, let call): call.fail(CancellationError())
            case .end(let continuation, _): if let continuation { waiting.append(continuation) }
            case .settle, .abandon: break
            }
        }
        for continuation in waiting { continuation.resume() }
    }
}

extension ResponseCode {
    /// Whether the group is no longer, or not now, the one for which a commit was meant.
    fileprivate var isOfRebalance: Bool {
        switch self {
        case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
            RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
            true
        default: false
        }
    }
}

extension Receipt {
    fileprivate var offset: Int64 {
        if case .number(let number) = self { Int64(bitPattern: number) } else { -1 }
    }
}
