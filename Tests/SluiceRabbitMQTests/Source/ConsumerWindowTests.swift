import SluiceTesting
import Testing

@testable import SluiceRabbitMQ

@Suite struct ConsumerWindowTests {
    private static func window(upTo bound: Int, width: Int) -> ConsumerWindow {
        var window = ConsumerWindow(.demand(upTo: bound))
        if width > 0 { _ = window.widen(demand: width, inHand: 0) }
        return window
    }

    @Test(arguments: [
        // width, demand, in hand, bound -> prefetch of the next consumer
        (0, 10, 0, 1000, 10),  // the first
        (0, 10, 4, 1000, 10),  // what earlier consumers left in hand takes no room
        (0, 10, 0, 3, 3),  // no more than the bound
        (10, 5, 9, 1000, nil),  // the broker may still send one
        (10, 5, 10, 1000, 10),  // all is in hand: twice as wide
        (10, 50, 10, 1000, 50),  // as wide as what is in hand and asked for
        (10, 5, 25, 1000, 20),  // more in hand than it is wide, after a stop
        (600, 10, 600, 1000, 400),  // up to the bound
        (1000, 10, 1000, 1000, nil),  // and not beyond
    ])
    func widens(_ width: Int, _ demand: Int, _ inHand: Int, _ bound: Int, _ prefetch: Int?) {
        var window = Self.window(upTo: bound, width: width)
        #expect(window.widen(demand: demand, inHand: inHand) == prefetch)
        #expect(window.width == width + (prefetch ?? 0))
    }

    @Test func aFixedOneHasOneConsumer() {
        var window = ConsumerWindow(.fixed(50))
        #expect(window.widen(demand: 1, inHand: 0) == 50)
        #expect(window.widen(demand: 100, inHand: 50) == nil)
        window.close()
        #expect(window.widen(demand: 1, inHand: 20) == 50)
    }

    /// A broker sends at once whatever it may; somebody asks, keeps, acknowledges and stops as chance has it.
    @Test(arguments: 0..<200) func neverHoldsMoreThanTwiceWhatWasAskedFor(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bound = Int.random(in: 1...100, using: &random)
        var window = ConsumerWindow(.demand(upTo: bound))
        var (waiting, kept, most) = (0, 0, 0)
        for _ in 0..<500 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let demand = Int.random(in: 1...20, using: &random)
                most = max(most, kept + demand)
                if waiting == 0 {
                    let before = window.width
                    let prefetch = window.widen(demand: demand, inHand: kept)
                    #expect(prefetch.map { $0 >= 1 && $0 <= ConsumerWindow.limit } ?? true, "\(seed)")
                    #expect(window.width == before + (prefetch ?? 0), "\(seed)")
                    waiting = max(0, window.width - kept)
                    // Who asks is never left alone while there is room.
                    #expect(waiting > 0 || window.width == bound, "\(seed)")
                }
                let taken = min(demand, waiting)
                waiting -= taken
                kept += taken
            case 6..<9:
                let done = Int.random(in: 0...kept, using: &random)
                kept -= done
                waiting = max(waiting, window.width - kept)
            default:
                // What is kept is of consumers that are closed, and is done.
                window.close()
                (waiting, kept) = (0, 0)
            }
            #expect(window.width <= min(bound, 2 * most), "\(seed)")
            try #require(waiting + kept <= min(bound, 2 * most), "\(seed)")
        }
    }
}
