/// Something to wait for by one task at a time: raised before or while it is waited for, any number of times.
struct Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Ends the wait, or the next one.
    func raise() {
        continuation.yield()
    }

    /// Ends this and every later wait.
    func end() {
        continuation.finish()
    }

    /// Waits until it is raised.
    ///
    /// - Returns: False if it never will be again, because it has ended or the task was cancelled.
    func wait() async -> Bool {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next() != nil
    }
}
