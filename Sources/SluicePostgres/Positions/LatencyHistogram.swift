/// How long many things took, in buckets that are a sixteenth as wide as what they count: so a quantile is at most that
/// much too high, and any number of values takes a few kilobytes.
///
/// Pure.
package struct LatencyHistogram: Hashable, Sendable {
    /// `counts[i]` values are in bucket `i`; what is behind the last one has none.
    private var counts: [Int] = []

    /// How many values there are.
    package private(set) var count = 0

    /// The highest value, in microseconds; 0 without values.
    package private(set) var longest: Int64 = 0

    /// Makes one without values.
    package init() {}

    /// Counts a value.
    ///
    /// - Parameter microseconds: How long it took; what is below 0 counts as 0.
    package mutating func record(_ microseconds: Int64) {
        let value = max(0, microseconds)
        let bucket = Self.bucket(of: value)
        if bucket >= counts.count { counts.append(contentsOf: repeatElement(0, count: bucket + 1 - counts.count)) }
        counts[bucket] += 1
        count += 1
        longest = max(longest, value)
    }

    /// Counts the values of another one, too.
    package mutating func add(_ other: LatencyHistogram) {
        if other.counts.count > counts.count {
            counts.append(contentsOf: repeatElement(0, count: other.counts.count - counts.count))
        }
        for (bucket, count) in other.counts.enumerated() { counts[bucket] += count }
        count += other.count
        longest = max(longest, other.longest)
    }

    /// The value that a share of all values does not exceed, rounded up to its bucket's end.
    ///
    /// - Parameter share: From 0 to 1.
    /// - Returns: Microseconds; `nil` without values.
    package func quantile(_ share: Double) -> Int64? {
        guard count > 0 else { return nil }
        let rank = max(1, Int((share * Double(count)).rounded(.up)))
        var seen = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            if seen >= rank { return min(longest, Self.end(of: bucket)) }
        }
        return longest
    }

    /// Values below 16 have a bucket each; above, each power of two has sixteen.
    private static func bucket(of value: Int64) -> Int {
        guard value >= 16 else { return Int(value) }
        let shift = 59 - value.leadingZeroBitCount
        return shift * 16 + Int(value >> shift)
    }

    /// The highest value in a bucket.
    private static func end(of bucket: Int) -> Int64 {
        guard bucket >= 32 else { return Int64(bucket) }
        let shift = bucket / 16 - 1
        let next = UInt64(bucket - shift * 16 + 1) << UInt64(shift)
        return Int64(clamping: next - 1)
    }
}
