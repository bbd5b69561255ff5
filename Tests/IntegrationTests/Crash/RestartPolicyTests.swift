import Sluice
import SluiceSinks
import Testing

@testable import SluiceCommand
@testable import SluicePostgres

/// Decisions of the command that need no server.
@Suite("What the command decides")
struct RestartPolicyTests {
    private struct Unknown: Error {}

    private let now = ContinuousClock.now

    @Test("what nobody has refused is tried again, three times a minute")
    func limit() {
        var policy = RestartPolicy(standsBy: false)
        for _ in 1...3 { #expect(policy.pause(after: Unknown(), at: now) != nil) }
        #expect(policy.pause(after: Unknown(), at: now) == nil)
        #expect(policy.pause(after: Unknown(), at: now + .seconds(61)) != nil)
    }

    @Test("what the server or the sink has refused, and a stop, end the command")
    func refusals() {
        var policy = RestartPolicy(standsBy: true)
        let errors: [any Error] = [
            ReplicationError(.gap, ""), ReplicationError(.missing, ""), SinkError(.noSpace, ""), CancellationError(),
        ]
        for error in errors { #expect(policy.pause(after: error, at: now) == nil, "\(error)") }
        #expect(policy.pause(after: ReplicationError(.serverChanged, ""), at: now) != nil)
    }

    @Test("a slot that another process has taken is waited for by a standby only")
    func claimed() {
        let error = ReplicationError(.slotClaimed, "")
        var standby = RestartPolicy(standsBy: true)
        for _ in 1...10 { #expect(standby.pause(after: error, at: now) != nil) }
        var other = RestartPolicy(standsBy: false)
        #expect(other.pause(after: error, at: now) == nil)
    }

    @Test(
        "a length of time has a unit",
        arguments: [("500ms", 500), ("30s", 30_000), ("5min", 300_000), ("1h", 3_600_000)]
    )
    func timeSpan(_ text: String, _ milliseconds: Int) {
        #expect(TimeSpan(argument: text)?.duration == .milliseconds(milliseconds))
    }

    @Test(
        "a length of time without a number or a unit is none",
        arguments: ["", "5", "s", "-1s", "5 s", "1d", "1.5s", "99999999999h"]
    )
    func noTimeSpan(_ text: String) {
        #expect(TimeSpan(argument: text) == nil)
    }

    @Test("each loss is told once, and when it is over, and a pause that closed the connection")
    func notices() {
        var notices = SessionNotices()
        var reader = SlotReaderSnapshot()
        #expect(notices.notice(of: reader) == nil)
        reader.lastFailure = "It broke."
        #expect(notices.notice(of: reader) == "It broke. Connecting again.")
        #expect(notices.notice(of: reader) == nil)
        reader.lastFailure = "It broke differently."
        #expect(notices.notice(of: reader)?.contains("differently") == true)
        reader.lastFailure = nil
        reader.state = .reading
        #expect(notices.notice(of: reader) == "Connected again.")
        reader.state = .pausedClosed
        #expect(notices.notice(of: reader)?.contains("--max-pause") == true)
        #expect(notices.notice(of: reader) == nil)
    }
}
