import SluiceTesting
import Testing

@testable import SluiceKafka

@Suite struct OffsetProgressTests {
    private static func progress(_ offsets: some Sequence<Int64>) -> OffsetProgress {
        var progress = OffsetProgress()
        for offset in offsets { progress.emit(offset) }
        return progress
    }

    @Test func onlyTheContiguousPrefixMayBeCommitted() {
        var progress = Self.progress(10...19)
        for offset: Int64 in [13, 14] { progress.settle(offset) }
        #expect(progress.committable == nil)
        for offset: Int64 in [11, 12, 15, 16, 17, 18, 19] { progress.settle(offset) }
        #expect(progress.committable == nil && progress.inFlight == 1)
        progress.settle(10)
        #expect(progress.committable == 20 && progress.inFlight == 0)
    }

    @Test func gapsDoNotMatter() {
        var progress = Self.progress([3, 7, 8, 100])
        progress.settle(7)
        progress.settle(3)
        #expect(progress.committable == 8)
        progress.settle(100)
        #expect(progress.committable == 8)
        progress.settle(8)
        #expect(progress.committable == 101)
    }

    @Test func whatIsNotInFlightIsIgnored() {
        var progress = Self.progress([5, 9])
        for offset: Int64 in [4, 6, 10] {
            let wasInFlight = progress.settle(offset)
            #expect(!wasInFlight)
        }
        let first = progress.settle(5)
        let again = progress.settle(5)
        let late = progress.stop(at: 5)
        #expect(first && !again && !late && progress.committable == 6 && progress.inFlight == 1)
    }

    @Test func nothingBehindAMessageThatFailedIsCommitted() {
        var progress = Self.progress(0...4)
        progress.settle(0)
        progress.settle(1)
        let stopped = progress.stop(at: 2)
        progress.settle(3)
        progress.settle(4)
        let late = progress.settle(2)
        #expect(stopped && !late && progress.committable == 2 && progress.inFlight == 0)
    }

    @Test func neitherIsWhatDidNotArrive() {
        var progress = Self.progress(0...3)
        progress.withdraw(2)
        progress.withdraw(3)
        progress.settle(1)
        #expect(progress.inFlight == 1 && progress.committable == nil)
        progress.settle(0)
        #expect(progress.inFlight == 0 && progress.committable == 2)
    }

    @Test(arguments: 0..<100) func agreesWithAModel(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var progress = OffsetProgress()
        var states: [(offset: Int64, state: Character)] = []
        var offset = Int64.random(in: 0...5, using: &random)
        for _ in 0..<400 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                offset += Int64.random(in: 1...3, using: &random)
                progress.emit(offset)
                states.append((offset, "."))
            case 5..<9:
                let chosen = Int64.random(in: 0...(offset + 2), using: &random)
                let place = states.firstIndex { $0.offset == chosen && $0.state == "." }
                if let place { states[place].state = "d" }
                let wasInFlight = progress.settle(chosen)
                #expect(wasInFlight == (place != nil))
            default:
                guard Int.random(in: 0..<20, using: &random) == 0,
                    let place = states.indices.randomElement(using: &random)
                else { continue }
                let isOpen = states[place].state == "."
                if isOpen { states[place].state = "x" }
                let wasInFlight = progress.stop(at: states[place].offset)
                #expect(wasInFlight == isOpen)
            }
            let prefix = states.prefix { $0.state == "d" }
            #expect(progress.committable == prefix.last.map { $0.offset + 1 })
            #expect(progress.inFlight == states.count { $0.state == "." })
        }
    }
}
