@testable import SluicePostgres

/// A framer with a spool in memory, as a session uses it.
struct SpooledFramer: ~Copyable {
    var framer: StreamFramer
    private var spool: [UInt32: [(xid: UInt32, bytes: [UInt8])]] = [:]

    init(discardThrough: Cursor? = nil, until: LSN? = nil) {
        framer = StreamFramer(discardThrough: discardThrough, until: until)
    }

    /// The transactions that something is kept of.
    var kept: [UInt32] { spool.keys.sorted() }

    mutating func feed(_ frames: [UInt8]...) throws {
        for frame in frames { _ = try receive(frame) }
    }

    @discardableResult
    mutating func receive(_ frame: [UInt8]) throws -> StreamFramer.Outcome {
        let outcome = try frame.withUnsafeBytes { try framer.receive($0) }
        switch outcome {
        case .spool(let message):
            spool[message.transaction, default: []].append((message.xid, [message.type] + frame[message.rest]))
        case .discard(let transaction):
            spool[transaction] = nil
        case .replay(let transaction, let committed):
            for (xid, bytes) in spool.removeValue(forKey: transaction) ?? [] where committed.includes(bytes[0], of: xid)
            {
                try bytes.withUnsafeBytes { try framer.replay($0) }
            }
            framer.endReplay()
        default:
            break
        }
        return outcome
    }

    mutating func sessionRestarted() {
        framer.sessionRestarted()
        spool = [:]
    }
}

/// What a change is, without where its bytes are.
struct Told: Equatable, CustomStringConvertible {
    let sequence: UInt64
    let cursor: String
    let bytes: [UInt8]
    let columns: [String]

    init(_ change: RawChange) {
        sequence = change.sequence
        cursor = change.cursor.description
        bytes = Array(change.batch.bytes[Int(change.offset)..<Int(change.offset + change.length)])
        let relation = bytes.withUnsafeBytes { try? RowMessage.relationOID(of: $0) }.flatMap {
            change.batch.relations[$0]
        }
        columns = change.index == Cursor.commitIndex ? [] : relation?.columns.map(\.name) ?? ["unknown"]
    }

    var description: String { "\(sequence) \(cursor) \(String(decoding: bytes.suffix(12), as: UTF8.self)) \(columns)" }
}
