/// Which transactions a query saw, as `pg_current_snapshot()` tells it.
///
/// Ids are those of the stream, of 32 bits that wrap around: two that are compared are less than 2^31 apart.
package struct TransactionSnapshot: Hashable, Sendable {
    /// Everything before it had ended.
    private let oldest: UInt32
    /// Neither it nor anything behind it had begun.
    private let next: UInt32
    /// What had begun and not ended, from `oldest` on; `nil`: not told.
    private let running: Set<UInt32>?

    /// Reads the server's text, `xmin:xmax:xid,xid`.
    ///
    /// The result is `nil` if the text has another form.
    ///
    /// - Parameters:
    ///   - text: The server's text.
    ///   - tellsRunning: Whether the list is whole; a standby leaves it empty.
    package init?(_ text: some StringProtocol, tellsRunning: Bool = true) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let oldest = UInt64(parts[0]), let next = UInt64(parts[1]) else { return nil }
        let running = parts[2].split(separator: ",").map { UInt64($0) }
        guard !running.contains(nil) else { return nil }
        self.oldest = UInt32(truncatingIfNeeded: oldest)
        self.next = UInt32(truncatingIfNeeded: next)
        self.running = tellsRunning ? Set(running.compactMap(\.self).map { UInt32(truncatingIfNeeded: $0) }) : nil
    }

    /// Whether what a transaction that has committed by now did was seen.
    ///
    /// - Parameter xid: The id of a transaction at the top level.
    /// - Returns: `false` also if that was not told.
    package func sees(_ xid: UInt32) -> Bool {
        if Self.precedes(xid, oldest) { return true }
        guard let running, Self.precedes(xid, next) else { return false }
        return !running.contains(xid)
    }

    private static func precedes(_ left: UInt32, _ right: UInt32) -> Bool {
        Int32(bitPattern: left &- right) < 0
    }
}
