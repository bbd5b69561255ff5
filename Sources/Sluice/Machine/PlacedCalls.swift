import DequeModule

/// Calls that keep their place among a stage's events: each one runs when everything before it has left the stage.
///
/// A place is a count: first of the events that are to be taken from the inbox before, then of those that are to have
/// left the front of the buffer. So events carry no marks, and nothing on their way looks for one.
struct PlacedCalls: Sendable {
    private struct Call: Sendable {
        let request: PerformRequest
        var place: Int
    }

    /// Behind events in the inbox.
    private var received: Deque<Call> = []
    /// Behind events in the buffer.
    private var emitted: Deque<Call> = []

    var isEmpty: Bool { received.isEmpty && emitted.isEmpty }

    /// Adds a call behind all others.
    ///
    /// - Parameters:
    ///   - request: The call.
    ///   - place: How many events will have been taken from the inbox when what it has now is gone.
    mutating func append(_ request: PerformRequest, behind place: Int) {
        received.append(Call(request: request, place: place))
    }

    /// Whether ``next(taken:departed:end:)`` would change anything.
    func canGoOn(taken: Int, departed: Int) -> Bool {
        if let first = emitted.first, first.place <= departed { return true }
        guard let first = received.first else { return false }
        return first.place <= taken
    }

    /// Takes the next call to run, if its time has come; ask when everything taken has been handled.
    ///
    /// - Parameters:
    ///   - taken: How many events were taken from the inbox.
    ///   - departed: How many have left the front of the buffer.
    ///   - end: How many will have when what is in the buffer now is gone.
    /// - Returns: The call; nil if none may run yet.
    mutating func next(taken: Int, departed: Int, end: Int) -> PerformRequest? {
        while let first = received.first, first.place <= taken {
            received.removeFirst()
            emitted.append(Call(request: first.request, place: end))
        }
        guard let first = emitted.first, first.place <= departed else { return nil }
        return emitted.removeFirst().request
    }

    /// The newest events were dropped: what stood behind them stands at the buffer's end.
    mutating func cut(at end: Int) {
        var index = emitted.endIndex
        while index > emitted.startIndex, emitted[index - 1].place > end {
            index -= 1
            emitted[index].place = end
        }
    }

    /// Takes back a call.
    ///
    /// - Returns: Whether it was still there.
    mutating func remove(_ request: PerformRequest) -> Bool {
        let count = received.count + emitted.count
        received.removeAll { $0.request === request }
        emitted.removeAll { $0.request === request }
        return received.count + emitted.count < count
    }

    /// Takes all calls, in order.
    mutating func removeAll() -> [PerformRequest] {
        defer { self = PlacedCalls() }
        return emitted.map(\.request) + received.map(\.request)
    }
}
