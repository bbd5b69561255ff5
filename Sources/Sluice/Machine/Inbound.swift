/// The receiving half of a stage's machine: subscriptions, their windows, and the messages that wait.
struct Inbound: Sendable {
    /// A piece of a message for the handler, and the ask that follows it.
    struct Chunk: ~Copyable, Sendable {
        var events: EventQueue
        var subscription: SubscriptionID
        var ask: Signal?
    }

    private enum Item: Sendable {
        case events(EventQueue, count: Int, SubscriptionID)
        case ended(SubscriptionID, SubscriptionEnd)
    }

    private struct Subscription: Sendable {
        let id: SubscriptionID
        let upstream: any Upstream
        let mode: SubscriptionMode
        let ending: SubscriptionEnding
        /// Absent for manual demand.
        var window: DemandWindow?
        var ledger = DemandLedger()
        /// The consumer has cancelled; no ask leaves any more, and the producer's *finished* is awaited.
        var isLeaving = false
        /// The producer has said yes.
        var isAccepted = false
        /// No ask leaves before it is resumed.
        var isPaused = false
        var heldBack = 0
    }

    /// What is left of the message that is being handed out in chunks.
    private struct Current: Sendable {
        var events: EventQueue
        var subscription: SubscriptionID
    }

    private var subscriptions: [Subscription] = []
    private var inbox = ShortQueue<Item>()
    /// How many items of the inbox are messages, and how many are ends; a look at these is cheaper than one at it.
    private var messageCount = 0
    private var endCount = 0
    private var current: Current?

    /// How many events wait, the running handler's not included.
    private(set) var waitingEvents = 0

    /// How many events were ever given to the handler.
    private(set) var takenEvents = 0

    /// Whether some producer has finished.
    private(set) var hasSeenFinish = false

    /// The error of a producer with which the stage ends.
    private(set) var producerFailure: (any Error)?

    var hasLiveSubscription: Bool { !subscriptions.isEmpty }
    var isEmpty: Bool { messageCount == 0 && endCount == 0 && current == nil }

    /// Whether the next thing in the inbox is a producer's end, which needs no handler.
    var startsWithFinish: Bool {
        guard endCount > 0, current == nil, case .ended = inbox.first else { return false }
        return true
    }

    mutating func subscribe(
        _ id: SubscriptionID,
        to upstream: any Upstream,
        mode: SubscriptionMode = .transient,
        ending: SubscriptionEnding = SubscriptionEnding(),
        window: DemandWindow?
    ) {
        subscriptions.append(Subscription(id: id, upstream: upstream, mode: mode, ending: ending, window: window))
    }

    mutating func accept(_ id: SubscriptionID) {
        guard let index = index(of: id) else { return }
        subscriptions[index].isAccepted = true
    }

    /// Forgets a subscription that was never accepted.
    mutating func remove(_ id: SubscriptionID) {
        subscriptions.removeAll { $0.id == id }
    }

    /// Notes demand on this side of the subscription.
    ///
    /// - Returns: What to send; nil if the subscription has ended or is ending, or if it has asked for all it may.
    mutating func ask(_ count: Int, by id: SubscriptionID) -> Signal? {
        guard let index = index(of: id), !subscriptions[index].isLeaving else { return nil }
        let count = min(count, DemandLedger.limit - subscriptions[index].ledger.outstanding)
        guard count > 0 else { return nil }
        guard !subscriptions[index].isPaused else {
            subscriptions[index].heldBack += count
            return nil
        }
        subscriptions[index].ledger.ask(count)
        return Signal(upstream: subscriptions[index].upstream, subscription: id, content: .ask(count))
    }

    /// Changes a window while events are on their way.
    ///
    /// - Returns: What to send; nil if that is nothing, or if the subscription has ended or is ending.
    mutating func change(_ id: SubscriptionID, min: Int, max: Int) -> Signal? {
        guard let index = index(of: id), var window = subscriptions[index].window else { return nil }
        let count = window.change(min: min, max: max)
        subscriptions[index].window = window
        return ask(count, by: id)
    }

    mutating func pause(_ id: SubscriptionID) {
        guard let index = index(of: id) else { return }
        subscriptions[index].isPaused = true
    }

    /// - Returns: The ask that was held back, to be sent.
    mutating func resume(_ id: SubscriptionID) -> Signal? {
        guard let index = index(of: id) else { return nil }
        subscriptions[index].isPaused = false
        let count = subscriptions[index].heldBack
        subscriptions[index].heldBack = 0
        return ask(count, by: id)
    }

    /// A message of a subscription that has ended is ignored.
    mutating func received(_ events: consuming EventQueue, for id: SubscriptionID) {
        guard let index = index(of: id) else { return }
        let count = events.count
        let isAskedFor = subscriptions[index].ledger.deliver(count)
        assert(isAskedFor, "\(subscriptions[index].upstream.name) delivered more than was asked for")
        waitingEvents += count
        messageCount += 1
        inbox.append(.events(events, count: count, id))
    }

    /// - Returns: What is to be told to the other producers.
    mutating func ended(_ id: SubscriptionID, _ end: SubscriptionEnd) -> ShortQueue<Signal> {
        guard let index = index(of: id) else { return ShortQueue() }
        endCount += 1
        inbox.append(.ended(id, end))
        let subscription = subscriptions[index]
        guard subscription.mode == .permanent, !subscription.isLeaving else { return ShortQueue() }
        return leaveAll(but: id, because: end.error)
    }

    /// What waits for the end of a subscription.
    func ending(of id: SubscriptionID) -> SubscriptionEnding? {
        index(of: id).map { subscriptions[$0].ending }
    }

    /// What waits for the ends of the live subscriptions.
    var endings: [SubscriptionEnding] { subscriptions.map(\.ending) }

    /// The live subscriptions whose stage asks for itself.
    var manualSubscriptions: [SubscriptionID] {
        subscriptions.filter { $0.window == nil && $0.isAccepted && !$0.isLeaving }.map(\.id)
    }

    /// What was asked for on a subscription and has not been given to the handler.
    func unserved(of id: SubscriptionID) -> Int {
        guard let index = index(of: id) else { return 0 }
        var count = subscriptions[index].ledger.outstanding + subscriptions[index].heldBack
        if let current, current.subscription == id { count += current.events.count }
        for case .events(_, let waiting, id) in inbox { count += waiting }
        return count
    }

    func hasAsked(_ id: SubscriptionID) -> Bool {
        index(of: id).map { subscriptions[$0].ledger.asked + subscriptions[$0].heldBack > 0 } ?? false
    }

    /// Takes everything that waits for the handler.
    mutating func takeAll() -> [EventQueue] {
        var messages = current.map { [$0.events] } ?? []
        current = nil
        var ends = ShortQueue<Item>()
        while let item = inbox.popFirst() {
            if case .events(let events, _, _) = item { messages.append(events) } else { ends.append(item) }
        }
        inbox = ends
        (waitingEvents, messageCount) = (0, 0)
        return messages
    }

    /// Begins to leave a producer.
    ///
    /// - Returns: What to send; nil if the subscription has ended or is ending already.
    mutating func leave(_ id: SubscriptionID, because reason: (any Error)? = nil) -> Signal? {
        guard let index = index(of: id), !subscriptions[index].isLeaving else { return nil }
        subscriptions[index].isLeaving = true
        return Signal(
            upstream: subscriptions[index].upstream,
            subscription: id,
            content: .cancel(because: reason)
        )
    }

    /// Begins to leave every producer.
    mutating func leaveAll(but exception: SubscriptionID? = nil, because reason: (any Error)? = nil) -> ShortQueue<
        Signal
    > {
        var signals = ShortQueue<Signal>()
        for index in subscriptions.indices where subscriptions[index].id != exception {
            if let signal = leave(subscriptions[index].id, because: reason) { signals.append(signal) }
        }
        return signals
    }

    /// Forgets subscriptions whose end has come to the front.
    mutating func removeFinished() {
        while endCount > 0, current == nil, case .ended(let id, let end) = inbox.first {
            _ = inbox.popFirst()
            endCount -= 1
            guard let index = index(of: id) else { continue }
            let subscription = subscriptions.remove(at: index)
            guard !subscription.isLeaving, subscription.mode != .temporary else { continue }
            hasSeenFinish = true
            producerFailure = producerFailure ?? end.error
        }
    }

    /// Takes the next piece of work for the handler; nil if there is none.
    ///
    /// Messages of one subscription that wait behind each other are joined up to the size of a chunk, so a stage that
    /// has fallen behind works in larger steps. A manual subscription gets each message whole.
    mutating func nextChunk() -> Chunk? {
        removeFinished()
        if current == nil { takeMessage() }
        guard var message = current.take() else { return nil }
        let remaining = message.events.count
        guard let index = index(of: message.subscription), var window = subscriptions[index].window else {
            waitingEvents -= remaining
            takenEvents += remaining
            return Chunk(events: message.events, subscription: message.subscription, ask: nil)
        }
        let chunk = window.nextChunk(of: remaining)
        subscriptions[index].window = window
        waitingEvents -= chunk.size
        takenEvents += chunk.size
        let ask = chunk.ask == 0 ? nil : ask(chunk.ask, by: message.subscription)
        let (events, subscription) = (message.events.removeFirst(chunk.size), message.subscription)
        if !message.events.isEmpty { current = message }
        return Chunk(events: events, subscription: subscription, ask: ask)
    }

    private mutating func takeMessage() {
        guard messageCount > 0, case .events(var events, _, let id) = inbox.popFirst() else { return }
        messageCount -= 1
        if let index = index(of: id), let limit = subscriptions[index].window?.limit {
            while messageCount > 0, events.count < limit, case .events(_, let count, id) = inbox.first,
                events.count + count <= limit, case .events(let more, _, _) = inbox.popFirst()
            {
                messageCount -= 1
                events.append(more)
            }
        }
        current = Current(events: events, subscription: id)
    }

    private func index(of id: SubscriptionID) -> Int? {
        subscriptions.firstIndex { $0.id == id }
    }
}

extension Inbound {
    /// Both totals of each subscription, for checks of the whole graph.
    var ledgers: [(subscription: SubscriptionID, producer: StageID, ledger: DemandLedger)] {
        subscriptions.map { ($0.id, $0.upstream.id, $0.ledger) }
    }
}
