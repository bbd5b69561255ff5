import Glibc
import Sluice
import SluicePostgres
import SluiceSinks
import Synchronization

/// One run of the way from slot to sink: opens everything, streams, and closes in the order that loses nothing.
final class StreamSession: Sendable {
    private enum Stopping {
        /// Not streaming yet: there is nothing to deliver.
        case early
        case streaming(@Sendable () -> Void)
        case requested
    }

    /// How long what is inside may take to be delivered after a stop.
    static let drainDeadline = Duration.seconds(10)

    private let options: StreamOptions
    private let console: Console
    private let claim: SlotClaim
    private let stopping = Mutex(Stopping.early)
    private let live = Mutex<ProgressMeter?>(nil)

    /// Limits the deliveries; it may be changed while the stream runs.
    let limit: RateLimit

    init(options: StreamOptions, console: Console) {
        self.options = options
        self.console = console
        claim = SlotClaim(options.target, slot: options.slot)
        limit = RateLimit(rate: options.rate, clock: ContinuousClock())
    }

    /// What is going on now; nil before the stream has begun.
    var sample: ProgressSample? { live.withLock { $0 }?.sample() }

    /// Stops reading, and lets what is inside be delivered; before the stream has begun, ends the process.
    ///
    /// A second call ends the process at once: nothing is lost by that, only delivered later.
    func stop() {
        let stopping = stopping.withLock { stopping in
            defer { stopping = .requested }
            return stopping
        }
        switch stopping {
        case .early: exit(0)
        case .streaming(let drain): drain()
        case .requested: _exit(130)
        }
    }

    /// Streams until the end that was asked for, a stop, or a failure that a new start does not cure.
    func run() async throws -> StreamSummary {
        var restarts = RestartPolicy(standsBy: options.standsBy)
        var tally = Checkpointer.Tally()
        while true {
            let opened = try await OpenedStream(options, claim: claim, console: console, tally: tally)
            do {
                let summary = try await stream(opened)
                await opened.close(waitForSink: summary.undelivered == 0)
                return summary
            } catch {
                // What was delivered before the failure is kept, so that it is not delivered again.
                try? await opened.checkpointer.save()
                await opened.reader.stop()
                await opened.close(waitForSink: true)
                guard let pause = restarts.pause(after: error, at: .now), beginAnew() else { throw error }
                console.notice("\(error) Starting again from the last position that is durable.")
                try await Task.sleep(for: pause)
                tally = opened.checkpointer.tally
            }
        }
    }

    /// Back to the beginning; `false` if a stop was asked for.
    private func beginAnew() -> Bool {
        stopping.withLock { stopping in
            if case .requested = stopping { return false }
            stopping = .early
            return true
        }
    }

    private func stream(_ opened: OpenedStream) async throws -> StreamSummary {
        let meter = ProgressMeter(opened)
        live.withLock { $0 = meter }
        let path = try DeliveryPath(
            to: opened.sink,
            deadLetters: opened.deadLetters,
            budget: opened.budget,
            attempts: options.attempts,
            report: { [console] event in
                if case .buried = event { opened.checkpointer.buried() }
                console.notice(DeliveryNotices.notice(of: event, sink: opened.sink.identity))
            },
            delivered: { delivered in
                meter.acknowledged(through: delivered.sequence)
                opened.checkpointer.delivered(delivered)
            }
        )
        opened.reader.start()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { [self] in
                try await runAll(opened, meter, path)
                return true
            }
            group.addTask {
                try await path.run()
                return false
            }
            group.addTask {
                try await opened.checkpointer.run()
                return false
            }
            group.addTask { [console] in
                await meter.run(console)
                return false
            }
            group.addTask {
                try await opened.backfill?.copyAll()
                return false
            }
            while let graphHasEnded = try await group.next(), !graphHasEnded {}
            group.cancelAll()
        }
        try await opened.checkpointer.save()
        meter.tellOfSpool(console)
        await opened.reader.stop()
        let changes = opened.reader.snapshot.changes
        return StreamSummary(
            changes: opened.checkpointer.tally.messages,
            undecodable: opened.checkpointer.tally.undecodable,
            deadLetters: opened.checkpointer.tally.deadLetters,
            undelivered: Int(changes) - meter.acknowledged,
            sample: meter.sample()
        )
    }

    /// Runs the graph and, if there is a log, what is behind it: until both have come to their end.
    private func runAll(_ opened: OpenedStream, _ meter: ProgressMeter, _ path: DeliveryPath) async throws {
        guard let fanOut = opened.fanOut else { return try await runGraph(opened, meter, path) }
        try await withThrowingTaskGroup { group in
            group.addTask { [self] in
                try await runGraph(opened, meter, path)
                fanOut.log.finish()
            }
            group.addTask { try await fanOut.run() }
            // The failure of one ends the other.
            while try await group.next() != nil {}
        }
    }

    private func runGraph(_ opened: OpenedStream, _ meter: ProgressMeter, _ path: DeliveryPath) async throws {
        do {
            try await withStages { stages in
                let slot = stages.start("slot") { SlotProducer(source: opened.reader) }
                let ordered = stages.start("reorder buffer") { ReorderBuffer<Change>(window: 2048) }
                for number in 1...max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) {
                    let processor = stages.start("processor \(number)") {
                        Processor(
                            encoder: opened.encoder,
                            budget: opened.budget,
                            primaryKey: { try await opened.keys.primaryKey(of: $0) }
                        )
                    }
                    try await processor.subscribe(to: slot, maxDemand: 2048, minDemand: 1536)
                    try await ordered.subscribe(to: processor)
                }
                // With a log, each of its sinks is limited by itself.
                let limit = opened.fanOut == nil ? limit : RateLimit(rate: nil, clock: ContinuousClock())
                try await path.attach(to: ordered, in: stages, limit: limit)
                meter.watch(demand: { slot.demand })
                beginStreaming {
                    opened.reader.settle()
                    stages.drain(within: Self.drainDeadline)
                    opened.fanOut?.stop()
                }
            }
        } catch let error as StageError where error.code == .drainDeadlineExceeded {
            // The user asked for the end; what could not be delivered is told in the summary.
        }
    }

    private func beginStreaming(_ drain: @escaping @Sendable () -> Void) {
        let isStopped = stopping.withLock { stopping in
            if case .requested = stopping { return true }
            stopping = .streaming(drain)
            return false
        }
        if isStopped { drain() }
    }
}
