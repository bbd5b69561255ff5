/// A key whose hash is the same in every process and every version of the program.
///
/// The hash is FNV-1a with 64 bits (draft-eastlake-fnv) over the bytes that ``hashBytes(into:)`` gives: for a string
/// its UTF-8, for an integer its value's eight bytes, lowest first, whatever its width.
public protocol StablyHashable: Sendable {
    /// Feeds the key's bytes to the hash, in an order that never changes.
    func hashBytes(into hash: inout StableHash)
}

/// FNV-1a with 64 bits.
public struct StableHash: Sendable {
    /// The hash of what was fed so far.
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The hash of nothing.
    public init() {}

    /// Feeds one byte.
    public mutating func feed(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    /// The hash of a key.
    public static func of(_ key: some StablyHashable) -> UInt64 {
        var hash = StableHash()
        key.hashBytes(into: &hash)
        return hash.value
    }
}

extension String: StablyHashable {
    /// Feeds the string's UTF-8.
    public func hashBytes(into hash: inout StableHash) {
        for byte in utf8 { hash.feed(byte) }
    }
}

extension StablyHashable where Self: FixedWidthInteger {
    /// Feeds the value's eight bytes, lowest first.
    public func hashBytes(into hash: inout StableHash) {
        let value = UInt64(truncatingIfNeeded: self)
        for shift in stride(from: 0, to: 64, by: 8) { hash.feed(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}

extension Int: StablyHashable {}
extension Int32: StablyHashable {}
extension Int64: StablyHashable {}
extension UInt: StablyHashable {}
extension UInt32: StablyHashable {}
extension UInt64: StablyHashable {}
