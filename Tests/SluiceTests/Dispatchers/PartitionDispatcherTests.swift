import Testing

@testable import Sluice

/// GenStage's scenarios J20 to J29, told by the capacity.
@Suite struct PartitionDispatcherTests {
    typealias Bench = DispatcherBench<PartitionDispatcher<Int, Int>>

    /// Two partitions, by whether a number is odd; multiples of 10 are discarded.
    private func bench(queueLimit: Int = 100, overflow: PartitionDispatcher<Int, Int>.Overflow = .wait) -> Bench {
        Bench(
            PartitionDispatcher(keys: 0..<2, queueLimit: queueLimit, overflow: overflow) { event in
                event % 10 == 0 ? .discard : .to(event % 2)
            }
        )
    }

    @Test("J20, W4: what waits in a partition outlives its consumer")
    func queueOutlivesConsumer() throws {
        var bench = bench()
        try bench.subscribe(0, 0)
        try bench.subscribe(1, 1)
        _ = bench.ask(4, by: 0)
        expect(bench.dispatch([1, 3, 5]).isEmpty && bench.dispatcher.held == 3)
        expect(bench.cancel(1).isEmpty && bench.dispatcher.held == 3)
        try bench.subscribe(2, 1)
        expect(bench.ask(2, by: 2) == [.init(to: 2, events: [1, 3])])
    }

    @Test("J21: nobody gets more than it asked for, and order is kept")
    func neverMoreThanAsked() throws {
        var bench = bench()
        try bench.subscribe(0, 1)
        expect(bench.ask(3, by: 0).isEmpty && bench.dispatch([1]) == [.init(to: 0, events: [1])])
        _ = bench.ask(3, by: 0)
        expect(bench.dispatch([3, 5, 7, 9, 11, 13, 15]) == [.init(to: 0, events: [3, 5, 7, 9, 11])])
        expect(bench.ask(9, by: 0) == [.init(to: 0, events: [13, 15])])
    }

    @Test("J22: partitions have names")
    func named() throws {
        var bench = DispatcherBench(
            PartitionDispatcher<Int, String>(keys: ["odd", "even"], queueLimit: 9) { .to($0 % 2 == 0 ? "even" : "odd") }
        )
        try bench.subscribe(0, "even")
        try bench.subscribe(1, "odd")
        _ = bench.ask(4, by: 0)
        _ = bench.ask(4, by: 1)
        expect(
            bench.dispatch(Array(1...8)) == [.init(to: 0, events: [2, 4, 6, 8]), .init(to: 1, events: [1, 3, 5, 7])]
        )
    }

    @Test("J23, W5: what goes to nobody costs no demand")
    func discarded() throws {
        var bench = bench()
        try bench.subscribe(0, 0)
        try bench.subscribe(1, 1)
        _ = bench.ask(2, by: 0)
        _ = bench.ask(2, by: 1)
        expect(bench.dispatch([10, 20, 1]) == [.init(to: 1, events: [1])])
        expect(bench.discarded.flatMap(\.events) == [10, 20] && bench.discarded[0].reason == .unrouted)
        expect(bench.dispatcher.capacity == 3)
    }

    @Test("J24, J25: events of a partition wait for its consumer, and it is served from the queue first")
    func waitsForConsumer() throws {
        var bench = bench()
        try bench.subscribe(0, 0)
        _ = bench.ask(8, by: 0)
        expect(bench.dispatch([1, 3, 2, 5]) == [.init(to: 0, events: [2])])
        try bench.subscribe(1, 1)
        expect(bench.ask(5, by: 1) == [.init(to: 1, events: [1, 3, 5])])
    }

    @Test func aFullPartitionHoldsTheOthersUpAndTheStageIsNotAskedForMore() throws {
        var bench = bench(queueLimit: 2)
        try bench.subscribe(0, 0)
        try bench.subscribe(1, 1)
        _ = bench.ask(9, by: 0)
        expect(bench.dispatcher.capacity == 2, "All of it could be for the partition with room for two")
        expect(bench.dispatch([1, 3, 5, 2]).isEmpty)
        expect(bench.queue.array == [5, 2] && bench.dispatcher.capacity == 0)
        expect(bench.ask(1, by: 1) == [.init(to: 0, events: [2]), .init(to: 1, events: [1])])
    }

    @Test func aFullPartitionMayDiscardInstead() throws {
        var bench = bench(queueLimit: 2, overflow: .discard)
        try bench.subscribe(0, 0)
        _ = bench.ask(9, by: 0)
        expect(bench.dispatch([1, 3, 5, 2]) == [.init(to: 0, events: [2])])
        expect(bench.discarded.map(\.events) == [[5]] && bench.discarded[0].reason == .partitionFull)
    }

    @Test func severalConsumersShareAPartition() throws {
        var bench = bench()
        try bench.subscribe(0, 1)
        try bench.subscribe(1, 1)
        _ = bench.ask(1, by: 0)
        _ = bench.ask(2, by: 1)
        expect(bench.dispatch([1, 3, 5]) == [.init(to: 0, events: [5]), .init(to: 1, events: [1, 3])])
    }

    @Test("J29, W6: an unknown partition is an error of the consumer's, and changes nothing")
    func unknownPartition() {
        var bench = bench()
        let error = #expect(throws: StageError.self) { try bench.subscribe(0, 2) }
        #expect(error?.code == .refused)
        expect(bench.dispatcher.capacity == 0 && bench.dispatcher.held == 0)
    }

    @Test func onceClosedAPartitionWithoutAConsumerHoldsNothing() throws {
        var bench = bench(queueLimit: 2)
        try bench.subscribe(0, 0)
        _ = bench.ask(9, by: 0)
        expect(bench.dispatch([1, 3, 5, 2]).isEmpty)
        bench.dispatcher.closed()
        expect(bench.dispatch([7]) == [.init(to: 0, events: [2])])
        expect(bench.discarded.flatMap(\.events) == [1, 3, 5, 7])
        expect(bench.discarded.allSatisfy { $0.reason == .unclaimed })
    }

    /// The published test vectors of FNV-1a (draft-eastlake-fnv, appendix) and of SplitMix64, for the seeds 0 and 1234567;
    /// the others were computed apart from this code.
    @Test func theHashIsStable() {
        #expect(StableHash.of("") == 0xcbf2_9ce4_8422_2325)
        #expect(StableHash.of("a") == 0xaf63_dc4c_8601_ec8c)
        #expect(StableHash.of("foobar") == 0x8594_4171_f739_67e8)
        #expect(StableHash.of(7) == StableHash.of(Int32(7)) && StableHash.of(7) == StableHash.of(UInt64(7)))
        #expect(StableHash.of(-1) == StableHash.of(Int32(-1)))
        #expect(wordHash(StableHash().value) == 0xe220_a839_7b1d_cdaf)
        #expect(wordHash(StableHash().value ^ 1_234_567) == 6_457_827_717_110_365_317)
        #expect(StableHash.of(0) == 0xc381_7c01_6ba4_ff30)
        #expect(StableHash.of(7) == 0x234a_398d_b31d_26d6)
        #expect(StableHash.of(-1) == 0x30ef_66c3_e79d_da4e)
        #expect(StableHash.of(SevenAndA()) == 0x1446_82c7_5a88_c8f5)
    }

    private struct SevenAndA: StablyHashable {
        func hashBytes(into hash: inout StableHash) {
            7.hashBytes(into: &hash)
            "a".hashBytes(into: &hash)
        }
    }

    private func wordHash(_ word: UInt64) -> UInt64 {
        var hash = StableHash()
        hash.feed(word: word)
        return hash.value
    }
}
