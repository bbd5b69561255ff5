import Foundation
import Sluice
import SluicePostgres
import SluiceSinks

/// The demo from its throwaway server to its summary.
struct DemoRun {
    private static let writers = 3
    /// How long the sink is held back once the reader stands still.
    private static let slowPhase = Duration.seconds(5)
    /// A sink that gets nothing for so long will get nothing any more.
    private static let patience = Duration.seconds(20)

    let changes: Int
    let keep: Bool
    let console: Console

    private let thread = BlockingThread()

    init(changes: Int, keep: Bool, console: Console) {
        self.changes = changes
        self.keep = keep
        self.console = console
    }

    func run() async throws -> DemoSummary {
        console.notice("Starting a throwaway Postgres ...")
        let server = try await thread.run { try LocalServer() }
        defer { server.stop() }
        let folder = try makeFolder(server)
        defer { if keep { console.notice("The sink's file and the state file are in \(folder).") } }
        let target = try ConnectionTarget(server.url())
        try await execute(DemoTable.create, on: target)
        let url = try SinkURL("file:\(folder)/changes.ndjson")
        var options = StreamOptions(
            target: target,
            sinks: [SinkChoice { url.makeSink() }],
            slot: "sluice_demo",
            publication: "sluice_demo"
        )
        options.create = true
        options.stateFolder = "\(folder)/state"
        // The slot must exist before the first change: so it is made here, and the stream finds it.
        try await prepareSlot(options)
        return try await stream(options, target: target, file: "\(folder)/changes.ndjson")
    }

    /// The sink's folder: inside the server's own, which is removed however this process ends, unless it is to be kept.
    private func makeFolder(_ server: LocalServer) throws -> String {
        let folder =
            keep
            ? FileManager.default.temporaryDirectory.path + "/sluice-demo-\(UUID().uuidString.prefix(8))"
            : server.folder + "/sink"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    private func execute(_ sql: String, on target: ConnectionTarget) async throws {
        try await thread.run { _ = try Connection(target).query(sql) }
    }

    private func prepareSlot(_ options: StreamOptions) async throws {
        let preflight = Preflight.Options(
            slot: options.slot,
            publications: [options.publication],
            create: true
        )
        try await thread.run {
            _ = try Preflight.run(on: Connection(options.target), options: preflight)
        }
    }

    private func stream(_ options: StreamOptions, target: ConnectionTarget, file: String) async throws -> DemoSummary {
        let session = StreamSession(options: options, console: console)
        let watch = DemoWatch(session)
        let begun = ContinuousClock.now
        return try await withThrowingTaskGroup(of: StreamSummary?.self) { group in
            group.addTask { try await session.run() }
            group.addTask {
                await watch.run()
                return nil
            }
            let giantRows = changes / 2
            let books = try await writeMixedLoad(changes - giantRows, to: target)
            try await writeGiant(giantRows, to: target, session: session, watch: watch)
            await waitForDelivery(of: changes, session: session)
            session.stop()
            while let ended = try await group.next(), ended == nil {}
            let seconds = (ContinuousClock.now - begun) / .seconds(1)
            let paused = watch.takeFindings().pausedSeconds
            group.cancelAll()
            let peak = peakResidentMemory()
            console.notice("4. Comparing the sink with the database, key by key ...")
            let audit = try await audit(file: file, books: books, giantRows: giantRows, target: target)
            return DemoSummary(
                committed: changes,
                delivered: audit.delivered,
                lost: audit.lost,
                duplicated: audit.duplicated,
                outOfOrder: audit.outOfOrder,
                peakMemoryBytes: peak,
                changesPerSecond: Int(Double(audit.delivered) / seconds),
                pausedSeconds: (paused * 10).rounded() / 10
            )
        }
    }

    private func writeMixedLoad(_ total: Int, to target: ConnectionTarget) async throws -> [DemoWriter] {
        console.notice(
            "1. \(total) inserts, updates and deletes from \(Self.writers) connections, in small transactions."
        )
        return try await withThrowingTaskGroup(of: DemoWriter.self) { group in
            for number in 0..<Self.writers {
                let share = total / Self.writers + (number < total % Self.writers ? 1 : 0)
                group.addTask {
                    let thread = BlockingThread()
                    defer { thread.close() }
                    return try await thread.run {
                        var writer = DemoWriter(number: number, of: Self.writers)
                        try writer.write(share, to: target)
                        return writer
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func writeGiant(
        _ rows: Int,
        to target: ConnectionTarget,
        session: StreamSession,
        watch: DemoWatch
    ) async throws {
        let slowRate = max(100, rows / 100)
        console.notice("2. One transaction of \(rows) rows, and a sink that takes \(slowRate) changes a second.")
        session.limit.change(to: slowRate)
        _ = watch.takeFindings()
        try await execute(DemoTable.insertGiant(rows: rows), on: target)
        // The transaction is sent after its commit: wait until it has met the slow sink.
        let limit = ContinuousClock.now + .seconds(20)
        while session.sample?.state != .paused, ContinuousClock.now < limit {
            try await Task.sleep(for: .milliseconds(100))
        }
        let before = watch.takeFindings()
        try await Task.sleep(for: Self.slowPhase)
        let findings = watch.takeFindings()
        let paused = ((findings.pausedSeconds - before.pausedSeconds) * 10).rounded() / 10
        let memory = "\((findings.lowestMemory ?? 0) >> 20) to \(findings.highestMemory >> 20) MB"
        console.notice(
            "   Of the next \(Self.slowPhase) the reader stood still for \(paused): "
                + "demand fell to \(findings.lowestDemand ?? 0), and memory stayed at \(memory)."
        )
        console.notice("3. The sink is free again.")
        session.limit.change(to: nil)
    }

    private func waitForDelivery(of total: Int, session: StreamSession) async {
        var last = (changes: 0, time: ContinuousClock.now)
        while let sample = session.sample, sample.changes < total {
            let now = ContinuousClock.now
            if sample.changes > last.changes { last = (sample.changes, now) }
            if now - last.time > Self.patience || sample.state == .finished { return }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
        }
    }

    private func audit(
        file: String,
        books: [DemoWriter],
        giantRows: Int,
        target: ConnectionTarget
    ) async throws -> DemoAudit {
        try await thread.run {
            var audit = DemoAudit()
            try audit.read(file: file)
            for writer in books { audit.compare(with: writer) }
            audit.compareGiant(rows: giantRows)
            try audit.compare(with: Connection(target))
            return audit
        }
    }
}
