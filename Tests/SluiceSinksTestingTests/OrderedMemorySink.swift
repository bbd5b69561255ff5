import SluicePostgres
import SluiceSinks
import SluiceSinksTesting
import Synchronization

/// A place in memory that outlives its sinks.
final class OrderedPlace: Sendable {
    struct Content {
        var rows: [(cursor: Cursor, row: SampleRow)] = []
        var position: Cursor?
        var source: SourceIdentity?
        var owners = 0
        var instances = 0
    }

    let content = Mutex(Content())

    var rows: [SampleRow] { content.withLock { $0.rows.map(\.row) } }
}

/// An ordered sink that keeps every rule, or all but one.
final class OrderedMemorySink: OrderedSink {
    enum Wrong: CaseIterable {
        case changesItsName, beginsElsewhere, answersTheFirst, dropsLastRow, reverses, cutsNotes, movesOnNothing
        case staysOnFiltered, forgetsPosition, takesTwice, rewindsPositionOnly, refusesRewind, takesAnySource
        case sharesItsPlace, keepsHalf, failsOnCancellation, deliversWhenClosed

        var rule: String {
            switch self {
            case .changesItsName: "O1"
            case .beginsElsewhere: "O2"
            case .answersTheFirst: "O3"
            case .dropsLastRow, .reverses, .cutsNotes: "O4"
            case .movesOnNothing, .staysOnFiltered: "O5"
            case .forgetsPosition: "O6"
            case .takesTwice: "O7"
            case .rewindsPositionOnly, .refusesRewind: "O8"
            case .takesAnySource: "O9"
            case .sharesItsPlace: "O10"
            case .keepsHalf, .failsOnCancellation: "O11"
            case .deliversWhenClosed: "O12"
            }
        }
    }

    private enum Phase {
        case new, open, closed
    }

    let identity: String
    private let place: OrderedPlace
    private let wrong: Wrong?
    private let phase = Mutex(Phase.new)

    init(_ place: OrderedPlace, wrong: Wrong? = nil) {
        self.place = place
        self.wrong = wrong
        let number = place.content.withLock { content in
            content.instances += 1
            return content.instances
        }
        identity = wrong == .changesItsName ? "memory:\(number)" : "memory:"
    }

    func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try phase.withLock { phase in
            guard case .new = phase else { throw SinkError(.notOpen, "It was opened before.") }
            return try place.content.withLock { content in
                guard content.owners == 0 || wrong == .sharesItsPlace else { throw SinkError(.inUse, "It is in use.") }
                guard content.source == nil || content.source == source || wrong == .takesAnySource else {
                    throw SinkError(.otherSource, "It is another source's.")
                }
                phase = .open
                content.owners += 1
                content.source = source
                var position = content.position
                if wrong == .beginsElsewhere, position == nil { position = Cursor(commitLSN: .zero, index: 0) }
                if wrong == .forgetsPosition, content.rows.count > 500 { position = content.rows[0].cursor }
                return SinkOpening(position: SinkPosition(cursor: position))
            }
        }
    }

    func deliver(_ changes: [Change]) async throws -> SinkPosition {
        if Task.isCancelled {
            if wrong == .failsOnCancellation { throw SinkError(.inputOutput, "It was cancelled.") }
            guard wrong == .keepsHalf else { throw CancellationError() }
            _ = store(Array(changes.prefix(changes.count / 2)))
            throw CancellationError()
        }
        guard wrong == .deliversWhenClosed || phase.withLock({ $0 == .open }) else {
            throw SinkError(.notOpen, "It is not open.")
        }
        return store(changes)
    }

    private func store(_ changes: [Change]) -> SinkPosition {
        place.content.withLock { content in
            var new: [(cursor: Cursor, row: SampleRow)] = []
            for change in changes {
                change.forEachMessage { cursor, bytes in
                    guard cursor > content.position ?? Cursor(commitLSN: .zero, index: 0) || wrong == .takesTwice,
                        var row = SampleRow(message: String(decoding: bytes, as: UTF8.self))
                    else { return }
                    if wrong == .cutsNotes { row.note = String(row.note.prefix(1000)) }
                    new.append((cursor, row))
                }
            }
            if wrong == .dropsLastRow, new.count > 5 { new.removeLast() }
            if wrong == .reverses { new.reverse() }
            content.rows += new
            let hasMessages = changes.contains { $0.messageCount > 0 }
            if hasMessages || wrong != .staysOnFiltered, let last = changes.last { content.position = last.lastCursor }
            if changes.isEmpty, wrong == .movesOnNothing { content.position?.commitLSN = LSN(rawValue: 1 << 40) }
            let answer = wrong == .answersTheFirst ? changes.first?.lastCursor : content.position
            return SinkPosition(cursor: answer)
        }
    }

    func rewind(to cursor: Cursor) async throws -> SinkPosition {
        if wrong == .refusesRewind { return SinkPosition(cursor: place.content.withLock { $0.position }) }
        return place.content.withLock { content in
            if wrong != .rewindsPositionOnly { content.rows.removeAll { $0.cursor > cursor } }
            content.position = cursor
            return SinkPosition(cursor: cursor)
        }
    }

    func close() async {
        phase.withLock { phase in
            if phase == .open { place.content.withLock { $0.owners -= 1 } }
            phase = .closed
        }
    }
}
