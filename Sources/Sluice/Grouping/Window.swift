/// A stage that emits windows of its events as arrays: each has `count` events, and begins `step` events after the one
/// before.
///
/// ```swift
/// let pairs = stages.start { Window<Int>(count: 2, step: 1) }  // [1, 2], [2, 3], [3, 4] ...
/// ```
///
/// With a step of the same size windows tumble: each event is in one of them. With a smaller step they slide, and an
/// event is in several; with a larger one there are gaps between them, and what falls there is dropped. The order is
/// kept. What is begun at the end is lost if the graph is cancelled.
public struct Window<Element: Sendable>: ProducerConsumer {
    /// What happens to a window that is not full when the events end.
    public enum Rest: Sendable {
        /// It is emitted if it has an event that was in no window before.
        case emitted
        /// It is dropped.
        case dropped
    }

    private let count: Int
    private let step: Int
    private let rest: Rest

    private var window: [Element] = []
    /// How many events at the window's end were in no window before.
    private var fresh = 0
    /// How many events are left of the gap before the next window.
    private var gap = 0

    /// Makes the stage.
    ///
    /// - Parameters:
    ///   - count: How many events a window has, at least 1.
    ///   - step: How many events after a window's first one the next window begins, at least 1; `count` if nil.
    ///   - rest: What happens to the last window if it is not full.
    public init(count: Int, step: Int? = nil, rest: Rest = .emitted) {
        precondition(count > 0, "A window has at least one event, not \(count)")
        precondition(step.map { $0 > 0 } ?? true, "A window that does not move never ends")
        self.count = count
        self.step = step ?? count
        self.rest = rest
    }

    /// Adds the events to the window.
    ///
    /// - Parameter events: At least 1 event.
    /// - Returns: The windows that have become full, in order.
    public mutating func handleEvents(_ events: [Element]) -> [[Element]] {
        var windows: [[Element]] = []
        for event in events {
            guard gap == 0 else {
                gap -= 1
                continue
            }
            window.append(event)
            fresh += 1
            guard window.count == count else { continue }
            windows.append(window)
            gap = max(0, step - count)
            fresh = 0
            window.removeFirst(min(step, count))
        }
        return windows
    }

    /// Ends the last window.
    ///
    /// - Returns: The window if it is to be emitted.
    public mutating func handleEnd() async throws -> [[Element]] {
        rest == .emitted && fresh > 0 ? [window] : []
    }
}
