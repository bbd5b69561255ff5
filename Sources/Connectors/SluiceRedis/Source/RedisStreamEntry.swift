/// An entry of a stream: fields with values, in the order in which they were added.
///
/// A field may be there more than once. Names and values are bytes, mostly text in UTF-8.
public struct RedisStreamEntry: Hashable, Sendable {
    /// A field of an entry.
    public struct Field: Hashable, Sendable {
        /// The name.
        public let name: ArraySlice<UInt8>
        /// The value.
        public let value: ArraySlice<UInt8>
    }

    /// What the stream knows the entry by, for example `1732242606000-0`: mostly the time, in milliseconds since 1970.
    public let id: String

    // One after the other: name, value, name, value.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    /// Makes an entry.
    ///
    /// - Parameters:
    ///   - id: What the stream knows it by.
    ///   - fields: Names with values, in order.
    public init(id: String, fields: KeyValuePairs<String, String>) {
        self.id = id
        for (name, value) in fields {
            append(name.utf8)
            append(value.utf8)
        }
    }

    /// Reads a list of names and values.
    init(id: String, reply: RedisReply) {
        self.id = id
        ends.reserveCapacity(reply.count)
        bytes.reserveCapacity(reply.parts.reduce(0) { $0 + $1.bytes.count })
        for part in reply.parts { append(part.bytes) }
        if !ends.count.isMultiple(of: 2) { ends.removeLast() }
    }

    private mutating func append(_ part: some Sequence<UInt8>) {
        bytes.append(contentsOf: part)
        ends.append(bytes.count)
    }

    /// How many fields there are.
    public var count: Int { ends.count / 2 }

    /// The fields in order.
    public var fields: [Field] {
        (0..<count).map { Field(name: part(2 * $0), value: part(2 * $0 + 1)) }
    }

    /// The value of the first field with a name, as bytes; `nil` if there is none.
    public subscript(_ name: some StringProtocol) -> ArraySlice<UInt8>? {
        (0..<count).first { part(2 * $0).elementsEqual(name.utf8) }.map { part(2 * $0 + 1) }
    }

    /// The value of the first field with a name, as text; `nil` if there is none, or if it is not UTF-8.
    public func text(_ name: some StringProtocol) -> String? {
        self[name].flatMap { String(validating: $0, as: UTF8.self) }
    }

    private func part(_ number: Int) -> ArraySlice<UInt8> {
        bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]]
    }
}

extension RedisStreamEntry: CustomStringConvertible {
    /// The identifier and the number of fields, without what is in them.
    public var description: String { "\(id) (\(count) fields)" }
}
