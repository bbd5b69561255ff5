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

    /// A page was read: larger ones if that was quick, smaller ones if it was slow, and none that would not fit.
    ///
    /// - Parameters:
    ///   - time: How long reading it took.
    ///   - share: Its size, as a part of what a page may have.
    ///   - count: How many rows it had.
    package mutating func took(_ time: Duration, share: Double = 0, count: Int = 0) {
        if time < Self.quick { rows = min(most, rows * 2) }
        if time > Self.slow { rows = max(1, rows / 2) }
        // With room to spare: the server logs it as an error when a query is ended early.
        if share > 0, count > 0 { rows = max(1, min(rows, Int(Double(count) / share * 0.75))) }
    }

    /// A page could not be read in time.
    package mutating func timedOut() {
        rows = max(1, rows / 4)
    }
}
