import SluicePostgres
import SluiceSinks

/// What the steps are made of.
extension OrderedSinkTrial {
    func violation(_ rule: Int, _ message: String) -> SinkViolation {
        SinkViolation(rule: "O\(rule)", message: message)
    }

    func told(_ position: SinkPosition?) -> String {
        position?.cursor.map(\.description) ?? "no position"
    }

    /// Inserts, in a transaction of their own.
    mutating func batch(of count: Int) -> [Change] {
        batch((0..<count).map { "note \($0)" })
    }

    mutating func batch(_ notes: [String]) -> [Change] {
        let rows = notes.enumerated().map { SampleRow(id: nextID + $0, note: $1) }
        nextID += rows.count
        expected += rows
        return stream.transaction(rows.map { .insert($0) })
    }

    func open(rule: Int) async throws -> any OrderedSink {
        let sink = try await make()
        let opening = try await attempt(rule, "opening it") { try await sink.open(for: source, remembered: position) }
        guard opening.position.cursor == position?.cursor else {
            await sink.close()
            throw violation(
                rule == 2 ? 2 : 6,
                "it stopped at \(told(position)), and is at \(told(opening.position)) when it is opened again"
            )
        }
        return sink
    }

    mutating func withSink(
        rule: Int,
        _ body: (any OrderedSink, inout OrderedSinkTrial) async throws -> Void
    ) async throws {
        let sink = try await open(rule: rule)
        do {
            try await body(sink, &self)
        } catch {
            await sink.close()
            throw error
        }
        await sink.close()
    }

    mutating func deliver(_ changes: [Change], to sink: any OrderedSink, rule: Int = 3) async throws {
        let answer = try await attempt(rule, "a delivery") { try await sink.deliver(changes) }
        guard answer.cursor == changes.last?.lastCursor else {
            throw violation(
                rule == 5 ? 5 : 3,
                "it answered \(told(answer)) to a batch that ends at \(changes.last?.lastCursor.description ?? "nothing")"
            )
        }
        position = answer
    }

    func attempt<Result>(_ rule: Int, _ what: String, _ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch {
            throw violation(rule, "\(what) failed: \(error)")
        }
    }

    func expectRows(_ rule: Int, _ when: String) async throws {
        let found = try await rows()
        guard found != expected else { return }
        let place = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }
        let difference =
            place.map { "row \($0.offset) is \($0.element.0) instead of \($0.element.1)" }
            ?? "there are \(found.count) rows instead of \(expected.count)"
        throw violation(rule, "\(when) \(difference)")
    }
}
