/// A position in the write-ahead log of a Postgres server: the byte offset, written as two hexadecimal halves.
public struct LSN: RawRepresentable, Hashable, Comparable, Sendable {
    /// The byte offset since the start of the log.
    public let rawValue: UInt64

    /// The position before every other; as a start it means "from what the slot has confirmed".
    public static let zero = LSN(rawValue: 0)

    /// Makes a position from a byte offset.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Parses Postgres' text form, for example `0/16B3748`.
    ///
    /// The result is `nil` if the text has another form.
    ///
    /// - Parameter text: Two hexadecimal numbers of at most 32 bits, separated by a slash.
    public init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2,
            halves.allSatisfy({ $0.count <= 8 && $0.allSatisfy(\.isHexDigit) }),
            let high = UInt64(halves[0], radix: 16),
            let low = UInt64(halves[1], radix: 16)
        else { return nil }
        self.init(rawValue: high << 32 | low)
    }

    /// Orders positions as the log does.
    public static func < (left: LSN, right: LSN) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension LSN: CustomStringConvertible {
    /// Postgres' text form, for example `0/16B3748`.
    public var description: String {
        let high = String(rawValue >> 32, radix: 16, uppercase: true)
        let low = String(rawValue & 0xFFFF_FFFF, radix: 16, uppercase: true)
        return "\(high)/\(low)"
    }
}
