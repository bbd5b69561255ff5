import Testing

@testable import SluicePostgres

@Suite("Times and waits")
struct ScheduleTests {
    private let start = Instant(nanoseconds: 0)

    private func isDue(_ schedule: StatusSchedule, after milliseconds: Int, durable: UInt64 = 0, idle: Bool = false)
        -> Bool
    {
        schedule.isDue(
            at: start.advanced(by: .milliseconds(milliseconds)),
            durable: LSN(rawValue: durable),
            isIdle: idle,
            wantsKeepalive: false
        )
    }

    @Test("a status goes out at once, then a third of the server's timeout apart, at most 10 s")
    func interval() {
        var schedule = StatusSchedule(walSenderTimeout: 3000)
        #expect(isDue(schedule, after: 0))
        schedule.sent(at: start, flush: .zero)
        #expect(!isDue(schedule, after: 999))
        #expect(isDue(schedule, after: 1000))
        #expect(StatusSchedule(walSenderTimeout: 60_000).interval == .seconds(10))
        #expect(StatusSchedule(walSenderTimeout: 0).interval == .seconds(10))
    }

    @Test("a wish of the server, a large move and an idle move are reported early")
    func early() {
        var schedule = StatusSchedule(walSenderTimeout: 60_000)
        schedule.sent(at: start, flush: LSN(rawValue: 100))
        #expect(!isDue(schedule, after: 500, durable: 200, idle: true))
        #expect(isDue(schedule, after: 1000, durable: 200, idle: true))
        #expect(!isDue(schedule, after: 1000, durable: 200))
        #expect(!isDue(schedule, after: 1000, durable: 100, idle: true))
        #expect(isDue(schedule, after: 1, durable: 100 + StatusSchedule.largeMove + 1))
        schedule.replyRequested()
        #expect(isDue(schedule, after: 1))
        schedule.sent(at: start, flush: LSN(rawValue: 50))
        #expect(schedule.lastFlush == LSN(rawValue: 100))
        #expect(!isDue(schedule, after: 1))
    }

    @Test("waiting for an end position asks once a second")
    func until() {
        var schedule = StatusSchedule(walSenderTimeout: 60_000)
        schedule.sent(at: start, flush: .zero)
        let second = start.advanced(by: .seconds(1))
        #expect(schedule.isDue(at: second, durable: .zero, isIdle: true, wantsKeepalive: true))
    }

    @Test("the wait before a read adapts, and a silent stream or a demand of one has none")
    func coalescing() {
        var wait = CoalescingWait()
        #expect(wait.beforeRead(at: start, demand: 100) == .zero)
        wait.drained(at: start, bytes: 10_000, waited: false)
        #expect(wait.beforeRead(at: start.advanced(by: .microseconds(50)), demand: 100) == .microseconds(200))
        #expect(wait.beforeRead(at: start, demand: 1) == .zero)
        #expect(wait.beforeRead(at: start.advanced(by: .milliseconds(4)), demand: 100) == .zero)
        wait.drained(at: start, bytes: 100_000, waited: true)
        #expect(wait.length == .microseconds(150))
        for _ in 0..<50 { wait.drained(at: start, bytes: 100, waited: true) }
        #expect(wait.length == .microseconds(1000))
    }

    @Test("attempts to connect double their distance up to 30 s, and start anew after a healthy session")
    func backoff() {
        var backoff = ReconnectBackoff()
        #expect(backoff.failed(at: start, chance: 1) == start.advanced(by: .milliseconds(100)))
        #expect(backoff.failed(at: start, chance: 0) == start.advanced(by: .milliseconds(100)))
        for _ in 0..<20 { _ = backoff.failed(at: start, chance: 1) }
        #expect(backoff.failed(at: start, chance: 1) == start.advanced(by: .seconds(30)))
        backoff.connected(at: start)
        let later = start.advanced(by: .seconds(61))
        #expect(backoff.failed(at: later, chance: 1) == later.advanced(by: .milliseconds(100)))
    }

    @Test("a session that moved the position starts the distance anew, however short it was")
    func backoffAfterProgress() {
        var backoff = ReconnectBackoff()
        for _ in 0..<5 { _ = backoff.failed(at: start, chance: 1) }
        backoff.connected(at: start)
        #expect(backoff.failed(at: start, chance: 1, hasMoved: true) == start.advanced(by: .milliseconds(100)))
        #expect(backoff.failed(at: start, chance: 1) == start.advanced(by: .milliseconds(200)))
    }

    @Test("a silent server is waited for as long as it waits for us, between 5 s and a minute")
    func patience() {
        #expect(StatusSchedule(walSenderTimeout: 1000).patience == .seconds(5))
        #expect(StatusSchedule(walSenderTimeout: 20_000).patience == .seconds(20))
        #expect(StatusSchedule(walSenderTimeout: 600_000).patience == .seconds(60))
        #expect(StatusSchedule(walSenderTimeout: 0).patience == .seconds(60))
    }

    @Test("a history tells where each earlier timeline was left")
    func timelineHistory() {
        let text = "1\t0/3000148\tno recovery target specified\n\n2\tA/10\tbefore 2026-01-01\nnonsense\n"
        let history = TimelineHistory(text: text)
        #expect(history.end(of: 1) == LSN("0/3000148") && history.end(of: 2) == LSN("A/10"))
        #expect(history.end(of: 3) == nil && history.end(of: -1) == nil)
    }
}
