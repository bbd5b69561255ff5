import Foundation
import SluicePostgres

@testable import SluiceSinks

let shop = SourceIdentity(systemIdentifier: "7300000000000000001", timeline: 1, slot: "shop")

/// The key as the encoder writes it.
func idempotencyKey(_ cursor: Cursor) -> String {
    let text = "\(cursor.commitLSN.rawValue):\(cursor.index)" + (cursor.sub == 0 ? "" : ":\(cursor.sub)")
    return Data(text.utf8).base64EncodedString()
}

/// A message in Sequin's shape, with its newline.
func line(_ cursor: Cursor, note: String = "ä \\\"x\\\"") -> String {
    """
    {"record":{"id":\(cursor.index),"note":"\(note)"},"changes":null,"action":"insert","metadata":{"table_name":\
    "orders","commit_lsn":\(cursor.commitLSN.rawValue),"commit_idx":\(cursor.index),"record_pks":[1.5e-3,true],\
    "idempotency_key":"\(idempotencyKey(cursor))"}}

    """
}

/// One raw change of a test's stream.
enum Step {
    case row(UInt64, UInt64)
    case rows(UInt64, UInt64, count: Int, schemas: Int = 0)
    case filtered(UInt64, UInt64)
    case commit(UInt64)
}

/// Makes changes that share one batch.
func changes(_ steps: [Step]) -> [Change] {
    var bytes: [UInt8] = []
    var places: [(cursor: Cursor, kind: Change.Kind, schemas: Int32, offset: Int)] = []
    for step in steps {
        switch step {
        case .row(let lsn, let index):
            places.append((Cursor(commitLSN: LSN(rawValue: lsn), index: index), .messages(count: 1), 0, bytes.count))
        case .rows(let lsn, let index, let count, let schemas):
            let cursor = Cursor(commitLSN: LSN(rawValue: lsn), index: index)
            places.append((cursor, .messages(count: Int32(count)), Int32(schemas), bytes.count))
        case .filtered(let lsn, let index):
            places.append((Cursor(commitLSN: LSN(rawValue: lsn), index: index), .filtered, 0, bytes.count))
        case .commit(let lsn):
            let cursor = Cursor(commitLSN: LSN(rawValue: lsn), index: Cursor.commitIndex)
            places.append((cursor, .commit(endLSN: LSN(rawValue: lsn + 8)), 0, bytes.count))
        }
        guard let last = places.last, case .messages(let count) = last.kind else { continue }
        for sub in -last.schemas..<Int32(count) {
            var cursor = last.cursor
            cursor.sub = sub
            bytes.append(contentsOf: line(cursor).utf8)
        }
    }
    let batch = EncodedBatch(bytes: bytes)
    return places.enumerated().map { number, place in
        let end = number + 1 < places.count ? places[number + 1].offset : bytes.count
        return Change(
            sequence: UInt64(number),
            cursor: place.cursor,
            kind: place.kind,
            batch: batch,
            offset: Int32(place.offset),
            length: Int32(end - place.offset),
            cost: 0,
            schemaCount: place.schemas
        )
    }
}

func changes(_ steps: Step...) -> [Change] { changes(steps) }

/// A cursor in short.
func at(_ lsn: UInt64, _ index: UInt64, _ sub: Int32 = 0) -> Cursor {
    Cursor(commitLSN: LSN(rawValue: lsn), index: index, sub: sub)
}

/// The lines of some cursors as they stand in a file.
func lines(_ cursors: Cursor...) -> String {
    cursors.map { line($0) }.joined()
}
