import Foundation
import Sluice
import SluiceTesting
import Testing

/// The figures of the article on demand are those of running graphs.
@Suite struct DemandArticleTests {
    /// A chunk that was handled, and everything that its stage had asked for by then, for this chunk included.
    struct Step: Sendable {
        let size: Int
        let asked: Int
    }

    struct Recorder: Consumer {
        let log: Log<Step>
        let stages: Stages
        mutating func handleEvents(_ events: [Int]) async throws {
            log.append([Step(size: events.count, asked: stages.snapshot().edges[0].asked)])
        }
    }

    struct Doubler: ProducerConsumer {
        let log: Log<Int>
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            log.append([events.count])
            return events.flatMap { [$0, $0] }
        }
    }

    @Test func windows() throws {
        let columns = [
            "`maxDemand`", "`minDemand`", "message", "handled in chunks of", "asked for after each", "outstanding",
        ]
        try expect(columns) { clock in
            let cases = [
                (1000, 500, [1000]), (1000, 750, [100, 100, 100]), (100, 80, [100]), (100, 20, [100, 80]),
                (4, 0, [3, 1]), (1, 0, [1]),
            ]
            var rows: [String] = []
            for (max, min, messages) in cases { rows += try await window(max, min, messages, clock) }
            return rows
        }
    }

    /// What comes of messages of these sizes, one after the other.
    private func window(_ max: Int, _ min: Int, _ messages: [Int], _ clock: TestClock) async throws -> [String] {
        let (source, log) = (ProducerProbe<Int>(), Log<Step>())
        return try await withStages(clock: clock) { stages in
            let sink = stages.start { Recorder(log: log, stages: stages) }
            try await sink.subscribe(to: stages.start(source), maxDemand: max, minDemand: min)
            stages.go()
            await settle(clock)
            var (rows, handled, asked, seen): ([String], Int, Int, Int) = ([], 0, max, 0)
            for message in messages {
                source.send(Array(repeating: 0, count: message))
                await settle(clock)
                let steps = log.all.dropFirst(seen)
                seen += steps.count
                var asks: [Int] = []
                for step in steps {
                    asks.append(step.asked - asked)
                    asked = step.asked
                    handled += step.size
                }
                let sizes = list(steps.map(\.size))
                rows.append("\(max) | \(min) | \(message) | \(sizes) | \(list(asks)) | \(asked - handled)")
            }
            source.finish()
            return rows
        }
    }

    @Test func stageBetween() throws {
        let columns = ["the consumer asks for", "the stage handles", "delivered", "kept", "the source is asked for"]
        try expect(columns) { clock in
            let (source, log, probe) = (ProducerProbe<Int>(), Log<Int>(), ConsumerProbe<Int>())
            return try await withStages(clock: clock) { stages in
                let from = stages.start(source)
                let doubled = stages.start("doubler") { Doubler(log: log) }
                try await doubled.subscribe(to: from, maxDemand: 4, minDemand: 2)
                try await stages.start(probe).subscribe(to: doubled)
                stages.go()
                await settle(clock)
                var rows = ["– | – | – | – | \(from.demand)"]
                source.send([1, 2, 3, 4])
                await settle(clock)
                for ask in [3, 1, 1, 3] {
                    let before = (log.all.count, probe.events.count, from.demand)
                    probe.ask(ask)
                    await settle(clock)
                    let kept = stages.snapshot().stages[1].buffered
                    let (handled, more) = (list(Array(log.all.dropFirst(before.0))), from.demand - before.2)
                    rows.append("\(ask) | \(handled) | \(probe.events.count - before.1) | \(kept) | \(more)")
                }
                source.finish()
                probe.ask(100)
                return rows
            }
        }
    }

    private func list(_ numbers: [Int]) -> String {
        numbers.isEmpty ? "–" : numbers.map(String.init).joined(separator: ", ")
    }

    /// Makes a table's rows under each schedule, prints it, and expects it in the article.
    private func expect(
        _ columns: [String],
        _ rows: @escaping @Sendable (TestClock) async throws -> [String]
    ) throws {
        let tables = Log<String>()
        try underEachSchedule { clock in
            let lines = [columns, columns.map { _ in "---" }].map { $0.joined(separator: " | ") }
            tables.append([(lines + (try await rows(clock))).map { "| \($0) |\n" }.joined()])
        }
        let table = try #require(tables.all.first)
        print(table)
        #expect(Set(tables.all).count == 1, "The figures do not depend on the schedule")
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let file = folder.appending(path: "../../../Sources/Sluice/Sluice.docc/Demand.md")
        let article = try String(contentsOf: file, encoding: .utf8)
        #expect(article.contains(table), "The article has exactly this table")
    }
}
