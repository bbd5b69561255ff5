import Testing

@testable import SluicePostgres

@Suite("What is left of streamed transactions")
struct StreamAssemblyTests {
    private func start(_ xid: UInt32, first: Bool = true) throws -> StreamStart {
        try decode(
            Array(Frames.streamStart(xid, first: first)[XLogFrame.payloadOffset...]),
            StreamStart.init(decoding:)
        )
    }

    private func abort(_ xid: UInt32, _ subxid: UInt32) throws -> StreamAbort {
        try decode(Array(Frames.streamAbort(xid, subxid)[XLogFrame.payloadOffset...]), StreamAbort.init(decoding:))
    }

    @Test("rows of an aborted subtransaction are left out, descriptions of tables are not")
    func subtransaction() throws {
        var assembly = StreamAssembly()
        try assembly.start(start(7))
        assembly.describe(1, arrival: 1)
        try assembly.stop()
        #expect(try !assembly.abort(abort(7, 9)))
        #expect(assembly.count == 1)
        let committed = try assembly.commit(7)
        #expect(committed == .init(aborted: [9], described: [1: 1]))
        for row in "IUDT" {
            #expect(!committed.includes(row.asciiValue ?? 0, of: 9) && committed.includes(row.asciiValue ?? 0, of: 8))
        }
        for other in "RYOM" { #expect(committed.includes(other.asciiValue ?? 0, of: 9)) }
        #expect(assembly.count == 0)
    }

    @Test("transactions have nothing in common, and one that is rolled back leaves nothing")
    func interleaved() throws {
        var assembly = StreamAssembly()
        for xid in [7, 8] as [UInt32] {
            try assembly.start(start(xid))
            #expect(assembly.block == xid && assembly.isFirstBlock)
            assembly.describe(xid, arrival: UInt64(xid))
            try assembly.stop()
            #expect(assembly.block == nil)
        }
        try assembly.start(start(7, first: false))
        #expect(!assembly.isFirstBlock)
        try assembly.stop()
        _ = try assembly.abort(abort(7, 70))
        #expect(try assembly.abort(abort(7, 7)))
        #expect(try assembly.commit(8) == .init(described: [8: 8]))
        // The id may come again; what it was before counts no more.
        try assembly.start(start(7))
        try assembly.stop()
        #expect(try assembly.commit(7) == .init())
    }

    @Test("a message where none like it may be is refused")
    func disorder() throws {
        var assembly = StreamAssembly()
        #expect(throws: StreamAssembly.Disorder.self) { try assembly.stop() }
        #expect(throws: StreamAssembly.Disorder.self) { try assembly.commit(7) }
        #expect(throws: StreamAssembly.Disorder.self) { try assembly.start(start(7, first: false)) }
        try assembly.start(start(7))
        #expect(throws: StreamAssembly.Disorder.self) { try assembly.start(start(8)) }
        #expect(throws: StreamAssembly.Disorder.self) { try assembly.commit(7) }
        #expect(throws: StreamAssembly.Disorder.self) { try assembly.abort(abort(7, 8)) }
        try assembly.stop()
        #expect(throws: StreamAssembly.Disorder.self) { try assembly.start(start(7)) }
        // A rollback of what has left no trace is nothing.
        #expect(try !assembly.abort(abort(99, 100)))
        #expect(try assembly.abort(abort(99, 99)))
    }
}
