/// A key whose hash is the same in every process and every version of the program.
///
/// A string feeds its UTF-8 to the ``StableHash``, byte by byte; an integer feeds its value as one word, sign-extended to
/// 64 bits, so that equal numbers have equal hashes whatever their width. A key of several parts feeds them in turn:
///
/// ```swift
/// struct Account: StablyHashable {
///     let branch: Int
///     let name: String
///
///     func hashBytes(into hash: inout StableHash) {
///         branch.hashBytes(into: &hash)
///         name.hashBytes(into: &hash)
///     }
/// }
/// ```
public protocol StablyHashable: Sendable {
    /// Feeds the key to the hash, in an order that never changes.
    func hashBytes(into hash: inout StableHash)
}

/// A hash with 64 bits: FNV-1a over bytes (draft-eastlake-fnv), a step of SplitMix64 for a word.
///
/// With all arithmetic modulo 2^64, and from a value of `0xcbf29ce484222325`:
///
/// - a byte *b* makes of the value *v* `(v ^ b) * 0x100000001b3`;
/// - a word *w* makes of it `z3`, where `z0 = (v ^ w) + 0x9e3779b97f4a7c15`, `z1 = (z0 ^ z0 >> 30) * 0xbf58476d1ce4e5b9`,
///   `z2 = (z1 ^ z1 >> 27) * 0x94d049bb133111eb` and `z3 = z2 ^ z2 >> 31`.
public struct StableHash: Sendable {
    @usableFromInline
    var state: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The hash of what was fed so far.
    @inlinable
    public var value: UInt64 { state }

    /// The hash of nothing.
    @inlinable
    public init() {}

    /// Feeds one byte.
    @inlinable
    public mutating func feed(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    /// Feeds a whole word: other than its bytes would, and in the time of one.
    @inlinable
    public mutating func feed(word: UInt64) {
        var mixed = (state ^ word) &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        state = mixed ^ mixed >> 31
    }

    /// The hash of a key.
    @inlinable
    public static func of(_ key: some StablyHashable) -> UInt64 {
        var hash = StableHash()
        key.hashBytes(into: &hash)
        return hash.value
    }
}

extension String: StablyHashable {
    /// Feeds the string's UTF-8.
    @inlinable
    public func hashBytes(into hash: inout StableHash) {
        for byte in utf8 { hash.feed(byte) }
    }
}

extension StablyHashable where Self: FixedWidthInteger {
    /// Feeds the value as one word.
    @inlinable
    public func hashBytes(into hash: inout StableHash) {
        hash.feed(word: UInt64(truncatingIfNeeded: self))
    }
}

extension Int: StablyHashable {}
extension Int32: StablyHashable {}
extension Int64: StablyHashable {}
extension UInt: StablyHashable {}
extension UInt32: StablyHashable {}
extension UInt64: StablyHashable {}
