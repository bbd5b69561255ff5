/// A producer of an asynchronous sequence's elements, in order, each one as soon as it is there.
///
/// ```swift
/// let lines = stages.start { AsyncSequenceSource(file.lines) }
/// ```
///
/// The sequence is iterated once, in the stage's task, and only while the consumers want more. A drain, a cancellation
/// and the loss of the last consumer cancel the task, and so a waiting `next()`; an element that it still returns is
/// delivered. The iterator is destroyed when the sequence or the stage ends. An error of the sequence fails the graph.
///
/// Events leave one at a time: an asynchronous sequence does not say whether its next element is there already, so a
/// batch could only be filled by letting its first event wait. A sequence of arrays keeps its batches:
///
/// ```swift
/// let rows = stages.start { AsyncSequenceSource(pages).flatMap { $0 } }
/// ```
public struct AsyncSequenceSource<Elements: AsyncSequence>: Producer where Elements.Element: Sendable {
    /// The events that the stage emits: the sequence's elements.
    public typealias Output = Elements.Element

    /// Absent when the iteration has ended.
    private var iterator: Elements.AsyncIterator?

    /// Makes a producer that finishes after the sequence's last element.
    ///
    /// - Parameter elements: Iterated in the stage's task.
    public init(_ elements: consuming Elements) {
        iterator = elements.makeAsyncIterator()
    }

    /// Waits for the next element.
    ///
    /// - Parameter demand: How many events the consumers still want, at least 1.
    /// - Returns: One element; `nil` after the last one.
    /// - Throws: The sequence's error; it fails the whole graph.
    public mutating func handleDemand(_ demand: Int) async throws -> [Output]? {
        if let event = try await iterator?.next(isolation: #isolation) { return [event] }
        iterator = nil
        return nil
    }
}
