/// Builds messages as the server sends them.
struct WireBytes {
    var bytes: [UInt8]

    init(_ type: Character) {
        bytes = [type.asciiValue!]
    }

    func integer(_ value: some FixedWidthInteger) -> WireBytes {
        adding(withUnsafeBytes(of: value.bigEndian) { Array($0) })
    }

    func byte(_ character: Character) -> WireBytes {
        adding([character.asciiValue!])
    }

    /// A text with a NUL behind it.
    func text(_ text: String) -> WireBytes {
        adding(Array(text.utf8) + [0])
    }

    func adding(_ more: [UInt8]) -> WireBytes {
        var copy = self
        copy.bytes += more
        return copy
    }

    func tuple(_ kind: Character, _ values: [WireValue]) -> WireBytes {
        values.reduce(byte(kind).integer(Int16(values.count))) { $0.adding($1.bytes) }
    }
}

/// One column of a tuple.
enum WireValue {
    case null
    case toast
    case text(String)
    case raw([UInt8])
    case binary([UInt8])

    var bytes: [UInt8] {
        switch self {
        case .null: WireBytes("n").bytes
        case .toast: WireBytes("u").bytes
        case .text(let text): WireValue.raw(Array(text.utf8)).bytes
        case .raw(let raw): WireBytes("t").integer(Int32(raw.count)).adding(raw).bytes
        case .binary(let raw): WireBytes("b").integer(Int32(raw.count)).adding(raw).bytes
        }
    }
}

extension WireValue: ExpressibleByStringLiteral {
    init(stringLiteral value: String) {
        self = .text(value)
    }
}

extension WireBytes {
    static let begin = WireBytes("B").integer(UInt64(0x16B_3748)).integer(Int64(123_456)).integer(UInt32(77))
    static let commit = WireBytes("C").integer(UInt8(0)).integer(UInt64(0x16B_3748)).integer(UInt64(0x16B_3778))
        .integer(Int64(123_456))
    static let origin = WireBytes("O").integer(UInt64(9)).text("elsewhere")
    static let type = WireBytes("Y").integer(UInt32(16_400)).text("public").text("mood")
    static let message = WireBytes("M").integer(UInt8(1)).integer(UInt64(10)).text("app").integer(Int32(3))
        .adding([1, 2, 3])
    static let truncate = WireBytes("T").integer(Int32(2)).integer(UInt8(3)).integer(UInt32(1)).integer(UInt32(2))
    static let relation = WireBytes("R").integer(UInt32(1)).text("public").text("users").byte("d").integer(Int16(2))
        .integer(UInt8(1)).text("id").integer(UInt32(23)).integer(Int32(-1))
        .integer(UInt8(0)).text("name").integer(UInt32(25)).integer(Int32(-1))
    static let insert = WireBytes("I").integer(UInt32(1)).tuple("N", ["1", "Ada"])
    static let update = WireBytes("U").integer(UInt32(1)).tuple("N", ["1", .toast])
    static let keyUpdate = WireBytes("U").integer(UInt32(1)).tuple("K", ["1", .null]).tuple("N", ["2", "Ada"])
    static let fullUpdate = WireBytes("U").integer(UInt32(1)).tuple("O", ["1", "Ada"]).tuple("N", ["1", .null])
    static let delete = WireBytes("D").integer(UInt32(1)).tuple("K", ["1", .null])
    static let fullDelete = WireBytes("D").integer(UInt32(1)).tuple("O", ["1", "Ada"])

    static let streamStart = WireBytes("S").integer(UInt32(77)).integer(UInt8(1))
    static let streamStop = WireBytes("E")
    static let streamCommit = WireBytes("c").integer(UInt32(77)).integer(UInt8(0)).integer(UInt64(0x16B_3748))
        .integer(UInt64(0x16B_3778)).integer(Int64(123_456))
    static let streamAbort = WireBytes("A").integer(UInt32(77)).integer(UInt32(79))

    static let rows: [WireBytes] = [insert, update, keyUpdate, fullUpdate, delete, fullDelete]
    static let all: [WireBytes] =
        rows + [
            begin, commit, origin, type, message, truncate, relation, streamStart, streamStop, streamCommit,
            streamAbort,
        ]
}
