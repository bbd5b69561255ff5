import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct StartDecisionTests {
    /// One start: what is known, and what has to come out.
    struct Case: CustomTestStringConvertible, Sendable {
        enum Outcome: Sendable {
            case start(after: Cursor?, rewind: Cursor? = nil, notice: String? = nil)
            case stop(ReplicationError.Code, [String])
        }

        var testDescription: String
        var reported: UInt64? = 100
        var remembered: Cursor? = at(90, 1)
        var rememberedTimeline = 1
        var others: [SourceIdentity] = []
        var found: Cursor? = at(90, 1)
        var mayEndInside = false
        var confirmed: UInt64 = 100
        var timeline = 1
        var logEnd: UInt64 = 1000
        /// The text of the server's history file, if it is on a later timeline.
        var history: String?
        /// The position to start from; nil: not looked at.
        var position: UInt64?
        var fingerprint = "publications=a"
        var resume = false
        var outcome: Outcome
    }

    private static let other = SourceIdentity(systemIdentifier: "8", timeline: 1, slot: "elsewhere")

    static let cases = [
        Case(testDescription: "as it was left", outcome: .start(after: at(90, 1))),
        Case(testDescription: "confirmed less than reported", confirmed: 40, outcome: .start(after: at(90, 1))),
        Case(
            testDescription: "moved on by somebody else",
            confirmed: 101,
            outcome: .stop(.gap, ["0/65", "0/64", "shop", "state folder"])
        ),
        Case(
            testDescription: "idle long past the last row",
            reported: 5000,
            confirmed: 5000,
            logEnd: 5001,
            outcome: .start(after: at(90, 1))
        ),
        Case(
            testDescription: "the first start",
            reported: nil,
            found: nil,
            outcome: .start(after: nil, notice: "starting at 0/64")
        ),
        Case(
            testDescription: "no state, but the sink knows",
            reported: nil,
            found: at(95, 2),
            outcome: .start(after: at(95, 2), notice: "behind \(at(95, 2))")
        ),
        Case(
            testDescription: "no state, and the sink has another source's changes",
            reported: nil,
            others: [other],
            found: at(95, 2),
            outcome: .stop(.stateMismatch, ["elsewhere", "the sink", "another sink"])
        ),
        Case(
            testDescription: "no state, and another source used the sink when it was another file",
            reported: nil,
            others: [other],
            found: nil,
            outcome: .start(after: nil, notice: "first time")
        ),
        Case(
            testDescription: "a state, and another source used the sink later",
            others: [other],
            outcome: .start(after: at(90, 1))
        ),
        Case(testDescription: "the sink is ahead of the state", found: at(99, 0), outcome: .start(after: at(99, 0))),
        Case(
            testDescription: "the sink was restored",
            found: at(90, 0),
            outcome: .stop(.stateMismatch, ["\(at(90, 0))", "\(at(90, 1))", "restored"])
        ),
        Case(testDescription: "the sink was deleted", found: nil, outcome: .stop(.stateMismatch, ["the start"])),
        Case(testDescription: "nothing delivered yet", remembered: nil, found: nil, outcome: .start(after: nil)),
        Case(
            testDescription: "an old primary",
            rememberedTimeline: 2,
            outcome: .stop(.stateMismatch, ["timeline 1", "timeline 2"])
        ),
        Case(
            testDescription: "after a failover",
            timeline: 2,
            outcome: .start(after: at(90, 1), notice: "failover")
        ),
        Case(
            testDescription: "after a failover behind everything that was delivered",
            reported: 95,
            confirmed: 91,
            timeline: 2,
            history: "1\t0/5E\tpromoted",
            position: 94,
            outcome: .start(after: at(90, 1), notice: "failover")
        ),
        Case(
            testDescription: "after a failover to a server that lacks what was delivered",
            confirmed: 40,
            timeline: 2,
            history: "1\t0/5A\tpromoted",
            outcome: .stop(.stateMismatch, ["left timeline 1 at 0/5A", "new sink"])
        ),
        Case(
            testDescription: "a later timeline that does not come from ours",
            rememberedTimeline: 2,
            timeline: 3,
            history: "1\t0/5F\tpromoted",
            outcome: .stop(.stateMismatch, ["does not come from timeline 2"])
        ),
        Case(
            testDescription: "a server that was set back",
            confirmed: 40,
            logEnd: 99,
            outcome: .stop(.stateMismatch, ["log ends at 0/63", "0/64", "older copy"])
        ),
        Case(
            testDescription: "a server whose log ends where it was reported",
            logEnd: 100,
            position: 100,
            outcome: .start(after: at(90, 1))
        ),
        Case(
            testDescription: "a change that may be half there",
            found: at(99, 4, 1),
            mayEndInside: true,
            outcome: .start(after: at(99, 3, .max))
        ),
        Case(
            testDescription: "a first change that may be half there",
            found: at(99, 0),
            mayEndInside: true,
            outcome: .start(after: at(98, Cursor.commitIndex, .max))
        ),
        Case(
            testDescription: "other options between transactions",
            remembered: at(100, Cursor.commitIndex),
            found: at(100, Cursor.commitIndex),
            fingerprint: "publications=b",
            outcome: .start(after: at(100, Cursor.commitIndex))
        ),
        Case(
            testDescription: "other options, and the transaction will not come again",
            found: at(99, 7),
            fingerprint: "publications=b",
            outcome: .start(after: at(99, 7))
        ),
        Case(
            testDescription: "other options inside a transaction",
            found: at(100, 7),
            fingerprint: "publications=b",
            outcome: .stop(
                .stateMismatch,
                ["publications=a", "publications=b", "--resume-from-transaction-start", "\(at(100, 7))"]
            )
        ),
        Case(
            testDescription: "other options inside a transaction, allowed",
            found: at(100, 7),
            fingerprint: "publications=b",
            resume: true,
            outcome: .start(
                after: at(99, Cursor.commitIndex, .max),
                rewind: at(99, Cursor.commitIndex, .max),
                notice: "anew"
            )
        ),
        Case(
            testDescription: "the same options inside a transaction, allowed for nothing",
            found: at(100, 7),
            resume: true,
            outcome: .start(after: at(100, 7))
        ),
        Case(
            testDescription: "allowed, but a gap all the same",
            found: at(100, 7),
            confirmed: 101,
            fingerprint: "publications=b",
            resume: true,
            outcome: .stop(.gap, [])
        ),
    ]

    @Test(arguments: cases)
    func decides(sample: Case) {
        var source = shop
        source.timeline = sample.timeline
        var rememberedSource = shop
        rememberedSource.timeline = sample.rememberedTimeline
        let checkpoint = sample.reported.map { reported in
            Checkpoint(
                source: rememberedSource,
                sink: "the sink",
                reported: LSN(rawValue: reported),
                position: SinkPosition(cursor: sample.remembered),
                fingerprint: "publications=a"
            )
        }
        let facts = StartFacts(
            remembered: RememberedState(checkpoint: checkpoint, otherSources: sample.others),
            source: source,
            sink: "the sink",
            opening: SinkOpening(
                position: SinkPosition(cursor: sample.found),
                mayEndInsideChange: sample.mayEndInside,
                notices: ["from the sink"]
            ),
            confirmedFlush: LSN(rawValue: sample.confirmed),
            logEnd: LSN(rawValue: sample.logEnd),
            history: sample.history.map(TimelineHistory.init),
            fingerprint: sample.fingerprint,
            resumeFromTransactionStart: sample.resume
        )
        switch (Result { () throws(ReplicationError) in try StartDecision(facts) }, sample.outcome) {
        case (.success(let decision), .start(let after, let rewind, let notice)):
            #expect(decision.after == after)
            #expect(decision.rewind == rewind)
            if let position = sample.position { #expect(decision.position == LSN(rawValue: position)) }
            #expect(decision.notices.count == (notice == nil ? 1 : 2))
            #expect(decision.notices.first == "from the sink")
            if let notice { #expect(decision.notices.last?.contains(notice) == true, "\(decision.notices)") }
        case (.failure(let error), .stop(let code, let words)):
            #expect(error.code == code)
            for word in words { #expect(error.message.contains(word), "\(error)") }
        case (let result, _):
            Issue.record("\(result)")
        }
    }
}
