import Foundation
import SluicePostgres
import SluiceSinks

/// How far a transactional sink is, as it stands in the cursor's topic.
struct CursorRecord: Codable, Hashable {
    var commitLSN: UInt64
    var index: UInt64
    var sub: Int32
    var slot: String
    var systemIdentifier: String

    enum CodingKeys: String, CodingKey {
        case commitLSN = "commit_lsn"
        case index = "commit_idx"
        case sub
        case slot
        case systemIdentifier = "system_identifier"
    }

    init(_ cursor: Cursor, of source: SourceIdentity) {
        commitLSN = cursor.commitLSN.rawValue
        index = cursor.index
        sub = cursor.sub
        slot = source.slot
        systemIdentifier = source.systemIdentifier
    }

    var cursor: Cursor { Cursor(commitLSN: LSN(rawValue: commitLSN), index: index, sub: sub) }

    /// Whether the slot is the same, on whichever timeline.
    func belongs(to source: SourceIdentity) -> Bool {
        slot == source.slot && systemIdentifier == source.systemIdentifier
    }

    var encoded: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return Array(try encoder.encode(self))
        }
    }

    /// Reads what `encoded` made.
    init(decoding bytes: UnsafeRawBufferPointer) throws {
        self = try JSONDecoder().decode(CursorRecord.self, from: Data(bytes))
    }
}
