import Sluice
import SluicePostgres

extension RateLimit {
    /// Waits until some changes may pass.
    ///
    /// - Parameter changes: At least one.
    /// - Returns: The longest beginning that may pass now, and at least one change; those without messages always may.
    /// - Throws: `CancellationError`.
    func next(of changes: ArraySlice<Change>) async throws -> ArraySlice<Change> {
        let waiting = changes.reduce(0) { $0 + $1.messageCount }
        let allowed = waiting == 0 ? 0 : try await take(upTo: waiting)
        return allowed == waiting ? changes : changes.prefix(messages: allowed)
    }
}

extension ArraySlice<Change> {
    /// The longest beginning with at most so many messages, and at least one change that has some.
    fileprivate func prefix(messages limit: Int) -> ArraySlice<Change> {
        var count = 0
        var end = startIndex
        while end < endIndex, count == 0 || count + self[end].messageCount <= limit {
            count += self[end].messageCount
            end += 1
        }
        return self[startIndex..<end]
    }
}
