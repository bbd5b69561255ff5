import SluiceTesting

@testable import SluicePostgres

/// Random transactions that run at the same time, with savepoints that are rolled back, as the server sends them: each in
/// blocks while it is open, or whole after its commit.
struct StreamedWorkload {
    /// Large transactions in blocks.
    private(set) var streamed: [[UInt8]] = []
    /// The same transactions in the order of their commits.
    private(set) var plain: [[UInt8]] = []

    private struct Row {
        var frame: [UInt8]
        /// The subtransactions that it is in, the top level first.
        var path: [UInt32]
    }

    private struct Open {
        var xid: UInt32
        /// The open subtransactions, the top level first.
        var path: [UInt32]
        var rows: [Row] = []
        /// How many of the rows have been sent.
        var sent = 0
        var hasBlock = false
        var isLarge: Bool
    }

    private var random: SeededGenerator
    private var nextXid: UInt32 = 100
    private var position: UInt64 = 1000
    private var open: [Open] = []
    private var text = 0

    init(seed: UInt64, steps: Int = 120) {
        random = SeededGenerator(seed: seed)
        for _ in 0..<steps { step() }
        while !open.isEmpty { end(open.count - 1) }
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func step() {
        if open.isEmpty || (open.count < 4 && chance(15)) {
            nextXid += 1
            open.append(Open(xid: nextXid, path: [nextXid], isLarge: chance(70)))
            return
        }
        let index = Int.random(in: 0..<open.count, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<50: write(index)
        case 50..<62:
            if open[index].path.count < 4 {
                nextXid += 1
                open[index].path.append(nextXid)
            }
        case 62..<70:
            // A subtransaction that ends well keeps its id: only a rollback of one around it takes it back.
            if open[index].path.count > 1 { open[index].path.removeLast() }
        case 70..<80: rollBack(index)
        case 80..<92: if open[index].isLarge { send(index) }
        default: end(index)
        }
    }

    private mutating func write(_ index: Int) {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            text += 1
            open[index].rows.append(Row(frame: Frames.insert("row \(text)"), path: open[index].path))
        }
    }

    private mutating func rollBack(_ index: Int) {
        guard let xid = open[index].path.last, open[index].path.count > 1 else { return }
        open[index].path.removeLast()
        let gone = open[index].rows.prefix(open[index].sent).filter { $0.path.contains(xid) }
        // One message for each subtransaction that something was sent of, the inner ones first.
        let xids = Set(gone.compactMap(\.path.last)).sorted(by: >)
        streamed += xids.map { Frames.streamAbort(open[index].xid, $0) }
        open[index].rows.removeAll { $0.path.contains(xid) }
        open[index].sent -= gone.count
    }

    private mutating func send(_ index: Int) {
        streamed.append(Frames.streamStart(open[index].xid, first: !open[index].hasBlock))
        if !open[index].hasBlock || chance(20) {
            let xid = open[index].rows.dropFirst(open[index].sent).first?.path.last ?? open[index].xid
            streamed.append(Frames.streamed(xid, Frames.relation(column: "own")))
        }
        open[index].hasBlock = true
        for row in open[index].rows.dropFirst(open[index].sent) {
            streamed.append(Frames.streamed(row.path.last ?? 0, row.frame))
        }
        open[index].sent = open[index].rows.count
        streamed.append(Frames.streamStop)
        if chance(30) { streamed.append(Frames.keepalive(position)) }
    }

    private mutating func end(_ index: Int) {
        position += 100
        if chance(25) {
            let transaction = open.remove(at: index)
            if transaction.hasBlock { streamed.append(Frames.streamAbort(transaction.xid, transaction.xid)) }
            return
        }
        if open[index].hasBlock { send(index) }
        let transaction = open.remove(at: index)
        var whole = [Frames.begin(position, xid: transaction.xid)]
        whole.append(Frames.relation(column: "own"))
        whole += transaction.rows.map(\.frame)
        whole.append(Frames.commit(position, end: position + 10))
        plain += whole
        if transaction.hasBlock {
            streamed.append(Frames.streamCommit(transaction.xid, position, end: position + 10))
        } else {
            streamed += whole
        }
    }
}
