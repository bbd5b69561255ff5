extension RedisStreamEntry {
    /// What a stream knows an entry by: mostly the time, and a number among the entries of the same millisecond.
    ///
    /// Its text is that of Redis, for example `1732242606000-0`.
    /// https://redis.io/docs/latest/develop/data-types/streams/#entry-ids
    public struct ID: Hashable, Sendable {
        /// Mostly the time when the entry was added, in milliseconds since 1970.
        public let milliseconds: UInt64
        /// Which of the entries with the same ``milliseconds`` it is.
        public let number: UInt64

        /// Makes an identifier of its parts.
        public init(milliseconds: UInt64, number: UInt64) {
            self.milliseconds = milliseconds
            self.number = number
        }
    }
}

extension RedisStreamEntry.ID: LosslessStringConvertible {
    /// Reads two numbers with a hyphen between them; `nil` if it is something else.
    public init?(_ text: String) {
        self.init(text: text.utf8)
    }

    init?(text: some Sequence<UInt8>) {
        var first: UInt64?
        var number: UInt64?
        for byte in text {
            if byte == UInt8(ascii: "-"), first == nil, number != nil {
                (first, number) = (number, nil)
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let tens = (number ?? 0).multipliedReportingOverflow(by: 10)
            let sum = tens.partialValue.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !tens.overflow, !sum.overflow else { return nil }
            number = sum.partialValue
        }
        guard let first, let number else { return nil }
        self.init(milliseconds: first, number: number)
    }

    /// The identifier as Redis writes it.
    public var description: String { "\(milliseconds)-\(number)" }
}

extension RedisStreamEntry.ID: Comparable {
    /// Whether an entry is in front of another one in a stream.
    public static func < (first: Self, second: Self) -> Bool {
        (first.milliseconds, first.number) < (second.milliseconds, second.number)
    }
}
