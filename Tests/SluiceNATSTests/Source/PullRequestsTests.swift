import SluiceTesting
import Testing

@testable import SluiceNATS

@Suite struct PullRequestsTests {
    private static func delivery(_ number: Int) -> Delivery {
        Delivery(subject: "s", reply: "$JS.ACK.\(number)", body: [])
    }

    /// By reference, so that it can change within an expectation.
    private final class Machine {
        private var pulls: PullRequests

        init(batch: Int) { pulls = PullRequests(batch: batch, patience: .seconds(5)) }

        var outstanding: Int { pulls.outstanding }

        func next(_ demand: Int, at now: Duration) -> PullRequests.Step { pulls.next(demand, at: now) }

        func received(_ delivery: Delivery, at now: Duration) -> PullRequests.Arrival {
            pulls.received(delivery, at: now)
        }

        func told(_ code: Int, _ text: String, of number: UInt64, at now: Duration) {
            pulls.told(code, text, of: number, at: now)
        }

        func happened(_ event: ConnectionEvent) { pulls.happened(event) }

        func end() -> [Delivery] { pulls.end() }
    }

    private static func requests(batch: Int = 10) -> Machine { Machine(batch: batch) }

    @Test func asksForWhatIsWantedAndDeliversWhatComes() {
        let pulls = Self.requests()
        #expect(pulls.next(3, at: .zero) == .send(.init(number: 1, count: 3)))
        #expect(pulls.next(3, at: .zero) == .wait(until: .seconds(5)))
        #expect(pulls.received(Self.delivery(1), at: .seconds(1)) == .kept)
        #expect(pulls.next(3, at: .seconds(1)) == .deliver([Self.delivery(1)]))
        // The rest of the request is still under way.
        #expect(pulls.next(2, at: .seconds(1)) == .wait(until: .seconds(6)))
        #expect(pulls.received(Self.delivery(2), at: .seconds(1)) == .kept)
        #expect(pulls.received(Self.delivery(3), at: .seconds(1)) == .kept)
        #expect(pulls.received(Self.delivery(4), at: .seconds(1)) == .unwanted)
        #expect(pulls.next(1, at: .seconds(1)) == .deliver([Self.delivery(2)]))
        #expect(pulls.next(9, at: .seconds(1)) == .deliver([Self.delivery(3)]))
        #expect(pulls.next(99, at: .seconds(1)) == .send(.init(number: 2, count: 10)))
    }

    @Test(arguments: [404, 408]) func asksAgainWhenARequestsTimeIsOver(_ code: Int) {
        let pulls = Self.requests()
        _ = pulls.next(3, at: .zero)
        pulls.told(code, "", of: 2, at: .zero)
        #expect(pulls.next(3, at: .zero) == .wait(until: .seconds(5)))
        pulls.told(code, "", of: 1, at: .zero)
        #expect(pulls.next(3, at: .zero) == .send(.init(number: 2, count: 3)))
    }

    @Test func aServerThatIsHeardIsWaitedFor() {
        let pulls = Self.requests()
        _ = pulls.next(3, at: .zero)
        pulls.told(100, "", of: 1, at: .seconds(4))
        #expect(pulls.next(3, at: .seconds(5)) == .wait(until: .seconds(9)))
        #expect(pulls.next(3, at: .seconds(9)) == .fail(.silence))
        #expect(pulls.next(3, at: .seconds(9)) == .send(.init(number: 2, count: 3)))
    }

    @Test func tellsOfATroubleOnceAndAfterWhatHasCome() {
        let pulls = Self.requests()
        _ = pulls.next(3, at: .zero)
        _ = pulls.received(Self.delivery(1), at: .zero)
        pulls.told(409, "Leadership Change", of: 1, at: .zero)
        #expect(pulls.next(3, at: .zero) == .deliver([Self.delivery(1)]))
        #expect(pulls.next(3, at: .zero) == .fail(.status(409, "Leadership Change")))
        #expect(pulls.next(3, at: .zero) == .send(.init(number: 2, count: 3)))
    }

    @Test func waitsForTheConnectionAndAsksAnew() {
        let pulls = Self.requests()
        _ = pulls.next(3, at: .zero)
        pulls.happened(.lost)
        #expect(pulls.next(3, at: .seconds(99)) == .wait(until: nil))
        #expect(pulls.received(Self.delivery(1), at: .seconds(99)) == .unwanted)
        pulls.happened(.restored)
        #expect(pulls.next(3, at: .seconds(99)) == .send(.init(number: 2, count: 3)))
        pulls.happened(.closed(reason: "why"))
        #expect(pulls.next(3, at: .seconds(99)) == .fail(.closed("why")))
    }

    @Test func inTheEndEverythingIsGivenBack() {
        let pulls = Self.requests()
        _ = pulls.next(3, at: .zero)
        _ = pulls.received(Self.delivery(1), at: .zero)
        #expect(pulls.end() == [Self.delivery(1)])
        #expect(pulls.received(Self.delivery(2), at: .zero) == .dropped)
        #expect(pulls.end().isEmpty)
    }

    /// A server that delivers what it was asked for, late, twice or not at all, and a pipeline that wants more and more.
    @Test(arguments: 0..<60) func neverHoldsMoreThanIsWantedAndLosesNothing(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pulls = Self.requests(batch: Int.random(in: 1...20, using: &random))
        // What requests may still bring, also those that the client has given up.
        var open: [(number: UInt64, count: Int)] = []
        var (now, wanted, number) = (Duration.zero, 0, 0)
        var kept: [Delivery] = []
        var delivered: [Delivery] = []
        var isConnected = true
        for _ in 0..<400 {
            now += .milliseconds(Int.random(in: 0...900, using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                if wanted == 0 { wanted = Int.random(in: 1...30, using: &random) }
                switch pulls.next(wanted, at: now) {
                case .deliver(let messages):
                    #expect(!messages.isEmpty && messages.count <= wanted)
                    delivered += messages
                    wanted -= messages.count
                case .send(let request):
                    #expect(isConnected && request.count <= wanted)
                    open.append((request.number, request.count))
                case .wait(let time): #expect(time.map { $0 > now } ?? !isConnected)
                case .fail: break
                }
            case 4...7:
                guard let place = open.indices.randomElement(using: &random) else { continue }
                number += 1
                open[place].count -= 1
                let message = Self.delivery(number)
                if pulls.received(message, at: now) == .kept { kept.append(message) }
                if open[place].count == 0 { open.remove(at: place) }
            case 8:
                guard let place = open.indices.randomElement(using: &random) else { continue }
                let code = [100, 404, 408, 409].randomElement(using: &random) ?? 100
                pulls.told(code, "", of: open[place].number, at: now)
                if code != 100 { open.remove(at: place) }
            default:
                isConnected.toggle()
                pulls.happened(isConnected ? .restored : .lost)
            }
            if pulls.outstanding > max(wanted, 0) { Issue.record("\(pulls.outstanding) for \(wanted)") }
        }
        #expect(kept == delivered + pulls.end())
    }
}
