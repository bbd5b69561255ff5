import Testing

@testable import SluiceTesting

@Suite("One direction through a faulty network")
struct FaultPipeTests {
    private let start = ContinuousClock.now
    private var faults = NetworkFaults()

    /// All that goes on until a time, with the milliseconds at which it does.
    private func flow(_ pipe: inout FaultPipe, until end: Int) -> [Int: Int] {
        var result: [Int: Int] = [:]
        for millisecond in 0...end {
            let now = start + .milliseconds(millisecond)
            while true {
                let bytes = pipe.next(at: now, faults)
                guard !bytes.isEmpty else { break }
                result[millisecond, default: 0] += bytes.count
                pipe.sent(bytes.count, at: now, faults)
            }
        }
        return result
    }

    @Test func withoutFaultsEverythingGoesOnAtOnceInOrder() {
        var pipe = FaultPipe()
        pipe.take([1, 2, 3], at: start, faults)
        pipe.take([4], at: start, faults)
        #expect(pipe.next(at: start, faults) == [1, 2, 3])
        pipe.sent(2, at: start, faults)
        #expect(pipe.next(at: start, faults) == [3])
        pipe.sent(1, at: start, faults)
        #expect(pipe.next(at: start, faults) == [4])
        pipe.sent(1, at: start, faults)
        #expect(pipe.isEmpty && pipe.nextTime(faults) == nil)
    }

    @Test mutating func aDelayHoldsEachByteSoLong() {
        var pipe = FaultPipe()
        faults.delay = .milliseconds(30)
        pipe.take([1, 2], at: start, faults)
        pipe.take([3], at: start + .milliseconds(10), faults)
        #expect(pipe.nextTime(faults) == start + .milliseconds(30))
        #expect(flow(&pipe, until: 100) == [30: 2, 40: 1])
    }

    @Test mutating func aRateLetsPiecesGoOnInTime() {
        var pipe = FaultPipe()
        faults.bytesPerSecond = 200
        pipe.take(ArraySlice(repeating: 0, count: 35), at: start, faults)
        #expect(flow(&pipe, until: 1000) == [0: 10, 50: 10, 100: 10, 150: 5])
        faults.bytesPerSecond = 1
        pipe.take([1, 2], at: start, faults)
        #expect(flow(&pipe, until: 1500) == [175: 1, 1175: 1])
    }

    @Test mutating func itTakesNoMoreThanItHolds() {
        var pipe = FaultPipe()
        #expect(pipe.room(faults) == FaultPipe.capacity)
        pipe.take(ArraySlice(repeating: 0, count: FaultPipe.capacity - 1), at: start, faults)
        #expect(pipe.room(faults) == 1)
        faults.bytesPerSecond = 200
        #expect(pipe.room(faults) == 0)
        #expect(FaultPipe().room(faults) == 10)
    }
}
