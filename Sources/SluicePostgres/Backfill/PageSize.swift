/// How many rows the next page is to have, from how the last ones went.
///
/// Pure: the time is given.
package struct PageSize: Hashable, Sendable {
    private static let quick = Duration.milliseconds(250)
    private static let slow = Duration.seconds(1)

    /// At most so many rows.
    package private(set) var rows: Int

    private let most: Int

    /// Starts with few rows.
    ///
    /// - Parameter most: The most rows that a page may ever have, at least 1.
    package init(most: Int = 10_000) {
        self.most = max(1, most)
        rows = min(1000, self.most)
    }

    /// A page was read: larger ones if that was quick, smaller ones if it was slow.
    package mutating func took(_ time: Duration) {
        if time < Self.quick { rows = min(most, rows * 2) }
        if time > Self.slow { rows = max(1, rows / 2) }
    }

    /// A page could not be read in time.
    package mutating func timedOut() {
        rows = max(1, rows / 4)
    }
}
