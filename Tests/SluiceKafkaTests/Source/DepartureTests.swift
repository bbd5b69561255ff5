import SluicePostgres
import Testing

@testable import SluiceKafka

@Suite struct DepartureTests {
    private static let start = Instant.now

    private static func at(_ milliseconds: Int) -> Instant { start.advanced(by: .milliseconds(milliseconds)) }

    private static func step(
        _ departure: inout Departure,
        _ milliseconds: Int,
        inFlight: Int = 0,
        commits: Bool = false,
        busy: Bool = false,
        lost: Bool = false
    ) -> Departure.Step {
        departure.step(
            at: at(milliseconds),
            inFlight: inFlight,
            hasCommits: commits,
            isBusy: busy,
            isLost: lost
        )
    }

    @Test func waitsThenCommitsThenLeaves() {
        var departure = Departure(drainEnd: Self.at(1000))
        let steps = [
            Self.step(&departure, 0, inFlight: 2, commits: true),
            Self.step(&departure, 500, inFlight: 1, commits: true),
            Self.step(&departure, 600, commits: true), Self.step(&departure, 601, commits: true, busy: true),
            Self.step(&departure, 610),
        ]
        let (end, commitEnd) = (Self.at(1000), Self.at(5600))
        #expect(steps == [.wait(until: end), .wait(until: end), .commit, .wait(until: commitEnd), .leave])
    }

    @Test func givesUpWhatTakesTooLong() {
        var departure = Departure(drainEnd: Self.at(1000))
        let late = Self.step(&departure, 1000, inFlight: 1, commits: true)
        let left = Self.step(&departure, 1010, inFlight: 1)
        #expect(late == .commit && left == .leave)
        var stuck = Departure(drainEnd: Self.at(0))
        let first = Self.step(&stuck, 0, commits: true)
        let last = Self.step(&stuck, 5000, commits: true, busy: true)
        #expect(first == .commit && last == .leave)
    }

    @Test func aCommitThatFailsIsRepeatedAfterAPause() {
        var departure = Departure(drainEnd: Self.at(0))
        let steps = [0, 10, 200].map { Self.step(&departure, $0, commits: true) }
        #expect(steps == [.commit, .wait(until: Self.at(200)), .commit])
    }

    @Test func aCommitThatIsRefusedIsNotRepeated() {
        var departure = Departure(drainEnd: Self.at(0))
        let first = Self.step(&departure, 0, commits: true)
        departure.commitIsRefused(at: Self.at(5))
        let second = Self.step(&departure, 5, commits: true)
        #expect(first == .commit && second == .leave)
    }

    @Test func nothingIsWaitedForWhenThePartitionsAreGone() {
        var departure = Departure(drainEnd: Self.at(1000))
        let step = Self.step(&departure, 0, inFlight: 3, commits: true, busy: true, lost: true)
        #expect(step == .leave)
    }
}
