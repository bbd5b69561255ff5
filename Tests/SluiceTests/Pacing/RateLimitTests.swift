import SluiceTesting
import Testing

@testable import Sluice

@Suite struct RateLimitTests {
    @Test("a burst passes at once, and then no more than the rate") func rate() throws {
        try underEachSchedule { clock in
            let limit = RateLimit(rate: 100, clock: clock)
            #expect(limit.burst == 5)
            var passed = try await limit.take(upTo: 1000)
            #expect(passed == 5)
            while clock.now.offset < .seconds(2) { passed += try await limit.take(upTo: 1000) }
            #expect((200...210).contains(passed))
        }
    }

    @Test("what is given back may be taken at once, but no burst becomes larger") func giveBack() throws {
        try underEachSchedule { clock in
            let limit = RateLimit(rate: 100, clock: clock)
            var taken = [try await limit.take(upTo: 4)]
            limit.giveBack(3)
            taken.append(try await limit.take(upTo: 4))
            limit.giveBack(1000)
            taken.append(try await limit.take(upTo: 1000))
            #expect(taken == [4, 4, 5])
            #expect(clock.now.offset == .zero)
        }
    }

    @Test("a rate in a longer time lets one event pass in its part of it, and a change is noticed by who waits")
    func slow() throws {
        try underEachSchedule { clock in
            let limit = RateLimit(rate: 2, per: .seconds(60), clock: clock)
            let taken = [try await limit.take(upTo: 9), try await limit.take(upTo: 9)]
            #expect(taken == [1, 1])
            #expect(clock.now.offset > .seconds(29) && clock.now.offset < .seconds(31))
            async let next = limit.take(upTo: 9)
            try await clock.sleep(for: .seconds(1))
            limit.change(to: nil)
            let all = try await next
            #expect(all == 9)
            #expect(clock.now.offset < .seconds(33))
        }
    }
}
