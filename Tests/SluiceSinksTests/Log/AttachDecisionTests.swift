import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct AttachDecisionTests {
    private func facts(
        found: Cursor? = nil,
        remembered: Cursor? = nil,
        reported: UInt64? = nil,
        isOrdered: Bool = true,
        rowsFloor: Cursor? = nil
    ) -> AttachDecision.Facts {
        let checkpoint = reported.map {
            Checkpoint(
                source: shop,
                sink: "file:/x",
                reported: LSN(rawValue: $0),
                position: SinkPosition(cursor: remembered),
                fingerprint: ""
            )
        }
        return AttachDecision.Facts(
            sink: "file:/x",
            floor: at(100, 3),
            rowsFloor: rowsFloor,
            last: at(200, 7),
            checkpoint: checkpoint,
            opening: SinkOpening(position: SinkPosition(cursor: found)),
            isOrdered: isOrdered
        )
    }

    @Test("a new sink gets what comes from now on") func new() throws {
        let decision = try AttachDecision(attaching: facts())
        #expect(decision.after == at(200, 7))
        #expect(decision.notices.count == 1)
    }

    @Test("a sink that has something goes on behind it, its last change again if that may be there in part")
    func known() throws {
        #expect(try AttachDecision(attaching: facts(found: at(150, 5))).after == at(150, 4, .max))
        #expect(try AttachDecision(attaching: facts(found: at(150, 5), isOrdered: false)).after == at(150, 5))
        let commit = Cursor(commitLSN: LSN(rawValue: 150), index: Cursor.commitIndex)
        #expect(try AttachDecision(attaching: facts(found: commit)).after == commit)
    }

    @Test("what was reported for a sink without a log counts as well") func reported() throws {
        let before = Cursor.below(LSN(rawValue: 180))
        #expect(
            try AttachDecision(attaching: facts(found: at(50, 1), remembered: at(50, 1), reported: 180)).after == before
        )
    }

    @Test("a position is behind every commit below it, and below the rows of a copy that stand there")
    func position() {
        let position = LSN(rawValue: 0x1000)
        // The shortest record that there is ends there.
        let commit = Cursor(commitLSN: LSN(rawValue: 0x1000 - 24), index: Cursor.commitIndex)
        #expect(commit < .below(position) && .below(position) < Cursor(commitLSN: LSN(rawValue: 0xFFF), index: 0))
        #expect(Cursor.below(.zero) == Cursor(commitLSN: .zero, index: 0))
    }

    @Test("a log that begins too late is a gap, unless that is allowed") func gap() throws {
        let error = #expect(throws: ReplicationError.self) {
            try AttachDecision(attaching: facts(found: at(100, 2)))
        }
        #expect(error?.code == .gap && error?.message.contains("--readmit file:/x") == true)
        #expect(try AttachDecision(attaching: facts(found: at(100, 3))).after == at(100, 2, .max))
        #expect(try AttachDecision(attaching: facts(found: at(1, 1)), goingOnFromHere: true).after == at(200, 7))
    }

    @Test("a sink that takes rows needs the log to have had them since the place where it stands") func rows() throws {
        let error = #expect(throws: ReplicationError.self) {
            try AttachDecision(attaching: facts(found: at(150, 2), rowsFloor: at(150, 3)))
        }
        #expect(error?.code == .gap && error?.message.contains("only behind 0/96:3") == true)
        #expect(
            try AttachDecision(attaching: facts(found: at(150, 3), rowsFloor: at(150, 3))).after == at(150, 2, .max)
        )
        #expect(try AttachDecision(attaching: facts(rowsFloor: at(200, 7))).after == at(200, 7))
        let all = try AttachDecision(attaching: facts(found: at(150, 2), rowsFloor: at(150, 3)), goingOnFromHere: true)
        #expect(all.after == at(200, 7))
    }

    @Test("a sink that lacks what it had is refused") func restored() {
        let facts = facts(found: at(150, 5), remembered: at(160, 0), reported: 100)
        for decide in [
            { try AttachDecision(attaching: facts) },
            { try AttachDecision(resuming: facts, LogAttachment(sink: "file:/x", after: at(120, 0))) },
        ] {
            #expect(throws: ReplicationError.self) { try decide() }
        }
    }

    @Test("what was attached goes on behind the later of its own cursor and where it was attached") func resumed()
        throws
    {
        let attachment = LogAttachment(sink: "file:/x", after: at(160, 0))
        #expect(try AttachDecision(resuming: facts(), attachment).after == at(160, 0))
        #expect(try AttachDecision(resuming: facts(found: at(150, 1)), attachment).after == at(160, 0))
        #expect(try AttachDecision(resuming: facts(found: at(170, 1)), attachment).after == at(170, 0, .max))
    }
}
