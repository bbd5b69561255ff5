import SluiceTesting
import Testing

@testable import Sluice

@Suite struct EventMailboxTests {
    typealias Mailbox = EventMailbox<Int, Int>

    private func chunk(_ next: Mailbox.Next, sourceLocation: SourceLocation = #_sourceLocation) throws -> Mailbox.Chunk
    {
        guard case .chunk(let chunk) = next else {
            Issue.record("There is no chunk", sourceLocation: sourceLocation)
            throw Broken()
        }
        return chunk
    }

    private func isNothing(_ next: Mailbox.Next) -> Bool {
        if case .nothing = next { true } else { false }
    }

    private func isEnd(_ next: Mailbox.Next) -> Bool {
        if case .end = next { true } else { false }
    }

    @Test func aMessageIsCutByTheWindowAndAsksFollowTheChunks() throws {
        var mailbox = Mailbox(windows: [DemandWindow(min: 2, max: 5)])
        expect(mailbox.received(Array(0..<5), by: 0).waiter == nil)
        let first = try chunk(mailbox.next())
        #expect(first.events == [0, 1, 2] && first.ask == 3)
        let second = try chunk(mailbox.next())
        #expect(second.events == [3, 4] && second.ask == 0)
        expect(isNothing(mailbox.next()), "It is empty and open")
    }

    @Test func eachInletHasItsWindow() throws {
        var mailbox = Mailbox(windows: [DemandWindow(min: 0, max: 1), DemandWindow(min: 0, max: 2)])
        _ = mailbox.received([10, 11], by: 1)
        _ = mailbox.received([1], by: 0)
        let (first, second) = (try chunk(mailbox.next()), try chunk(mailbox.next()))
        #expect(first.inlet == 1 && first.events == [10, 11] && first.ask == 2)
        #expect(second.inlet == 0 && second.events == [1] && second.ask == 1)
    }

    @Test func theLastInletThatClosesEndsItAfterWhatIsThere() throws {
        var mailbox = Mailbox(windows: [DemandWindow(min: 0, max: 1), DemandWindow(min: 0, max: 1)])
        expect(!mailbox.park(7))
        expect(mailbox.closeInlet() == nil)
        expect(mailbox.received([1], by: 1).waiter == 7)
        expect(mailbox.closeInlet() == nil, "Nobody waits any more")
        expect(mailbox.park(8))
        let last = try chunk(mailbox.next())
        #expect(last.events == [1])
        expect(isEnd(mailbox.next()), "It is at its end")
        expect(mailbox.park(9))
    }

    @Test func anInterruptionResumesOnceAndStays() {
        var mailbox = Mailbox(windows: [DemandWindow(min: 0, max: 1)])
        expect(!mailbox.park(1))
        expect(mailbox.interrupt() == 1)
        expect(mailbox.interrupt() == nil)
        expect(mailbox.park(2))
    }

    @Test func whatComesAfterTheLoopHasLeftIsGivenBack() {
        var mailbox = Mailbox(windows: [DemandWindow(min: 0, max: 3)])
        _ = mailbox.received([1, 2], by: 0)
        expect(mailbox.leave().map(Array.init) == [[1, 2]])
        expect(mailbox.received([3], by: 0).dropped == [3])
        expect(isNothing(mailbox.next()), "Nothing is kept")
    }

    /// A random walk with a producer that sends what was asked for.
    @Test func everythingComesOutInOrderAndTheWindowIsKept() throws {
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            let windows = (0..<3).map { _ in
                let max = Int.random(in: 1...9, using: &random)
                return DemandWindow(min: Int.random(in: 0..<max, using: &random), max: max)
            }
            var mailbox = Mailbox(windows: windows)
            var outstanding = windows.map(\.max)
            var held = [0, 0, 0]
            var sent = [0, 0, 0]
            var seen = [0, 0, 0]
            var ask: (inlet: Int, count: Int)?
            for _ in 0..<200 {
                let inlet = Int.random(in: 0..<3, using: &random)
                if Bool.random(using: &random), outstanding[inlet] > 0 {
                    let size = Int.random(in: 1...outstanding[inlet], using: &random)
                    _ = mailbox.received(Array(sent[inlet]..<sent[inlet] + size), by: inlet)
                    sent[inlet] += size
                    held[inlet] += size
                    outstanding[inlet] -= size
                } else {
                    if let ask { outstanding[ask.inlet] += ask.count }
                    ask = nil
                    guard case .chunk(let chunk) = mailbox.next() else {
                        #expect(held == [0, 0, 0])
                        continue
                    }
                    let size = chunk.events.count
                    #expect(Array(chunk.events) == Array(seen[chunk.inlet]..<seen[chunk.inlet] + size))
                    seen[chunk.inlet] += size
                    held[chunk.inlet] -= size
                    if chunk.ask > 0 { ask = (chunk.inlet, chunk.ask) }
                }
                for (inlet, window) in windows.enumerated() {
                    let pending = ask?.inlet == inlet ? ask?.count ?? 0 : 0
                    #expect(outstanding[inlet] + held[inlet] + pending <= window.max)
                    // The loop never waits for a producer that was not asked.
                    #expect(outstanding[inlet] + held[inlet] + pending > window.min)
                }
            }
        }
    }
}
