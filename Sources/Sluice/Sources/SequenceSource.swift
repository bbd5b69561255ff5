/// A producer of a sequence's elements, in order.
///
/// ```swift
/// let numbers = stages.start { SequenceSource(1...100) }
/// ```
///
/// The sequence is iterated once, and no further than the consumers have asked; so it may be endless. It should not
/// block: its iterator is called in the stage's task.
public struct SequenceSource<Elements: Sequence>: Producer where Elements.Element: Sendable {
    /// The events that the stage emits: the sequence's elements.
    public typealias Output = Elements.Element

    private var iterator: Elements.Iterator

    /// Makes a producer that finishes after the sequence's last element.
    ///
    /// - Parameter elements: Iterated in the stage's task.
    public init(_ elements: consuming Elements) {
        iterator = elements.makeIterator()
    }

    /// Takes the next elements.
    ///
    /// - Parameter demand: How many events the consumers still want, at least 1.
    /// - Returns: At least 1 and at most 1024 elements, however great the demand is; `nil` after the last one.
    public mutating func handleDemand(_ demand: Int) async -> [Output]? {
        let most = min(demand, 1024)
        guard let first = iterator.next() else { return nil }
        var events: [Output] = []
        events.reserveCapacity(most)
        events.append(first)
        while events.count < most, let event = iterator.next() { events.append(event) }
        return events
    }
}
