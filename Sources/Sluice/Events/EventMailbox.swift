import DequeModule

/// What lies between stages and a loop over their events: a pure machine.
///
/// It holds no more than was asked for, and asks are made only for what the loop has taken. A *waiter* is what waits for
/// events: a continuation, or a number in tests.
struct EventMailbox<Event: Sendable, Waiter: Sendable>: ~Copyable {
    /// Events of one producer for the loop, and how many to ask it for when they are used up; 0: none.
    struct Chunk: Sendable {
        var events: ArraySlice<Event>
        var inlet: Int
        var ask: Int
    }

    enum Next: Sendable {
        case chunk(Chunk)
        case nothing
        /// Every producer has finished, or the graph has ended.
        case end
    }

    private struct Message: Sendable {
        var events: ArraySlice<Event>
        let inlet: Int
    }

    /// One for each inlet.
    private var windows: [DemandWindow]
    private var messages: Deque<Message> = []
    private var openInlets: Int
    private var isLeft = false
    private var isInterrupted = false
    private var waiter: Waiter?

    init(windows: [DemandWindow]) {
        self.windows = windows
        openInlets = windows.count
    }

    /// Whether nothing will come any more.
    var isClosed: Bool { openInlets == 0 }

    // MARK: Stages

    /// - Returns: Who waits, to be resumed, and what nobody will see, to be destroyed outside of the lock.
    mutating func received(_ events: consuming [Event], by inlet: Int) -> (waiter: Waiter?, dropped: [Event]) {
        if isLeft { return (nil, events) }
        messages.append(Message(events: events[...], inlet: inlet))
        return (waiter.take(), [])
    }

    /// An inlet's stage has ended.
    mutating func closeInlet() -> Waiter? {
        openInlets -= 1
        return isClosed ? waiter.take() : nil
    }

    // MARK: The loop

    /// Takes a piece of the oldest message.
    mutating func next() -> Next {
        guard let message = messages.first else { return isClosed ? .end : .nothing }
        let chunk = windows[message.inlet].nextChunk(of: message.events.count)
        let events = message.events.prefix(chunk.size)
        if events.count == message.events.count {
            messages.removeFirst()
        } else {
            messages[0].events.removeFirst(chunk.size)
        }
        return .chunk(Chunk(events: events, inlet: message.inlet, ask: chunk.ask))
    }

    /// - Returns: Whether the waiter must be resumed at once.
    mutating func park(_ waiter: Waiter) -> Bool {
        if isInterrupted || isClosed || !messages.isEmpty { return true }
        self.waiter = waiter
        return false
    }

    /// The loop's task was cancelled; that cannot be taken back.
    mutating func interrupt() -> Waiter? {
        isInterrupted = true
        return waiter.take()
    }

    /// The loop wants no more.
    ///
    /// - Returns: What is left, to be destroyed outside of the lock.
    mutating func leave() -> [ArraySlice<Event>] {
        isLeft = true
        defer { messages = [] }
        return messages.map(\.events)
    }
}
