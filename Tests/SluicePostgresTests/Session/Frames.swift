@testable import SluicePostgres

/// Frames as a server sends them.
enum Frames {
    static func begin(_ commitLSN: UInt64, xid: UInt32 = 7) -> [UInt8] {
        data([UInt8(ascii: "B")] + big(commitLSN) + big(UInt64(5)) + big(xid))
    }

    static func commit(_ commitLSN: UInt64, end: UInt64) -> [UInt8] {
        data([UInt8(ascii: "C"), 0] + big(commitLSN) + big(end) + big(UInt64(5)), at: end)
    }

    static func insert(_ text: String = "x", oid: UInt32 = 16_384) -> [UInt8] {
        let tuple = big(UInt16(1)) + [UInt8(ascii: "t")] + big(UInt32(text.utf8.count)) + Array(text.utf8)
        return data([UInt8(ascii: "I")] + big(oid) + [UInt8(ascii: "N")] + tuple)
    }

    static func relation(_ name: String = "t", oid: UInt32 = 16_384, column: String = "a") -> [UInt8] {
        let columns = [1] + Array(column.utf8) + [0] + big(UInt32(25)) + big(UInt32.max)
        return data(
            [UInt8(ascii: "R")] + big(oid) + Array("public".utf8) + [0] + Array(name.utf8) + [0, UInt8(ascii: "d")]
                + big(UInt16(1)) + columns
        )
    }

    static func truncate(_ oids: [UInt32]) -> [UInt8] {
        data([UInt8(ascii: "T")] + big(UInt32(oids.count)) + [0] + oids.flatMap { big($0) })
    }

    static func message(_ kind: Character) -> [UInt8] {
        data([kind.asciiValue ?? 0] + big(UInt64(0)) + [0, 0])
    }

    static func keepalive(_ walEnd: UInt64, wantsReply: Bool = false) -> [UInt8] {
        [UInt8(ascii: "k")] + big(walEnd) + big(UInt64(9)) + [wantsReply ? 1 : 0]
    }

    static func data(_ payload: [UInt8], at position: UInt64 = 0) -> [UInt8] {
        [UInt8(ascii: "w")] + big(position) + big(position) + big(UInt64(9)) + payload
    }

    static func big(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}

/// Frames of transactions that are sent while they are open.
extension Frames {
    static func streamStart(_ xid: UInt32, first: Bool = true) -> [UInt8] {
        data([UInt8(ascii: "S")] + big(xid) + [first ? 1 : 0])
    }

    static let streamStop = data([UInt8(ascii: "E")])

    static func streamCommit(_ xid: UInt32, _ commitLSN: UInt64, end: UInt64) -> [UInt8] {
        data([UInt8(ascii: "c")] + big(xid) + [0] + big(commitLSN) + big(end) + big(UInt64(5)), at: end)
    }

    static func streamAbort(_ xid: UInt32, _ subxid: UInt32) -> [UInt8] {
        data([UInt8(ascii: "A")] + big(xid) + big(subxid))
    }

    /// A message as it is inside a block.
    static func streamed(_ xid: UInt32, _ frame: [UInt8]) -> [UInt8] {
        let type = XLogFrame.payloadOffset
        return Array(frame[...type]) + big(xid) + Array(frame[(type + 1)...])
    }

    static func origin(_ name: String = "elsewhere") -> [UInt8] {
        data([UInt8(ascii: "O")] + big(UInt64(9)) + Array(name.utf8) + [0])
    }
}
