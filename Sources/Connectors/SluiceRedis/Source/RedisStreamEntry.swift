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

    /// What the stream knows the entry by.
    public let id: ID

    // One after the other: name, value, name, value; each behind its length, so that an entry is copied with one reference.
    private var bytes: [UInt8] = []
    private static let lengthSize = MemoryLayout<Int>.size

    /// How many fields there are.
    public private(set) var count = 0

    /// Makes an entry.
    ///
    /// - Parameters:
    ///   - id: What the stream knows it by.
    ///   - fields: Names with values, in order.
    public init(id: ID, fields: KeyValuePairs<String, String>) {
        self.id = id
        for (name, value) in fields {
            append(name.utf8)
            append(value.utf8)
            count += 1
        }
    }

    /// Reads a list of names and values.
    init(id: ID, reply: RedisReply) {
        self.id = id
        // A name without a value is left out.
        count = reply.count / 2
        let parts = reply.parts.prefix(2 * count)
        bytes.reserveCapacity(parts.reduce(0) { $0 + Self.lengthSize + $1.bytes.count })
        for part in parts { append(part.bytes) }
    }

    private mutating func append(_ part: some Collection<UInt8>) {
        withUnsafeBytes(of: part.count) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: part)
    }

    /// The fields in order.
    public var fields: [Field] {
        var start = 0
        return (0..<count).map { _ in field(at: &start) }
    }

    /// The value of the first field with a name, as bytes; `nil` if there is none.
    public subscript(_ name: some StringProtocol) -> ArraySlice<UInt8>? {
        var start = 0
        for _ in 0..<count {
            let field = field(at: &start)
            if field.name.elementsEqual(name.utf8) { return field.value }
        }
        return nil
    }

    /// The value of the first field with a name, as text; `nil` if there is none, or if it is not UTF-8.
    public func text(_ name: some StringProtocol) -> String? {
        self[name].flatMap { String(validating: $0, as: UTF8.self) }
    }

    // The start is where the field is; then, where the next one is.
    private func field(at start: inout Int) -> Field {
        let name = part(at: &start)
        return Field(name: name, value: part(at: &start))
    }

    private func part(at start: inout Int) -> ArraySlice<UInt8> {
        let first = start + Self.lengthSize
        let count = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: Int.self) }
        start = first + count
        return bytes[first..<start]
    }
}

extension RedisStreamEntry: CustomStringConvertible {
    /// The identifier and the number of fields, without what is in them.
    public var description: String { "\(id) (\(count) fields)" }
}
