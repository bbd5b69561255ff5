import DequeModule

/// Everything that a push source decides: a pure machine, without locks, tasks or user code.
///
/// It counts events, whatever they are. A *waiter* is what waits for a send: a continuation, or a number in tests.
struct PushQueue<Waiter: Sendable>: ~Copyable {
    typealias Outcome = Result<Void, any Error>

    /// What is to be done outside of the lock.
    struct Effects: Sendable {
        var resumed = ShortQueue<Resumption>()
        /// Wake the stage.
        var wakes = false
        /// Events that will not be emitted, to be destroyed outside of the lock.
        var dropped = ShortQueue<EventBatch>()
    }

    struct Resumption: Sendable {
        let waiter: Waiter
        let outcome: Outcome
    }

    enum Offer {
        case accepted(Effects)
        case refused(any Error)
        /// The events wait for room, behind those that waited before; park a waiter for this number.
        case waits(number: Int)
    }

    /// A send that waits for room; none of its events is in the buffer.
    private struct Sender: Sendable {
        let number: Int
        let events: EventBatch
        var waiter: Waiter?
    }

    private enum Phase {
        case open
        /// No more is accepted; what was sent before is still emitted, then nil or the error.
        case closing((any Error)?)
        /// The stage has ended.
        case ended(any Error)
    }

    let capacity: Int

    private var phase = Phase.open
    private var buffer = EventQueue()
    /// Events that were sent one by one, behind the buffer: one array, so that adding one is cheap.
    private var singles = EventBatch.empty
    private var senders: Deque<Sender> = []
    private var nextNumber = 0

    /// What became of sends before a waiter was parked for them.
    private var early: [(number: Int, outcome: Outcome)] = []

    /// Whether the stage found nothing when it last looked.
    private var isIdle = false

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// What was accepted and not emitted.
    var unsent: EventQueue {
        var events = buffer
        events.append(singles)
        return events
    }

    /// The same, which are then forgotten.
    mutating func takeUnsent() -> EventQueue {
        collectSingles()
        return buffer.take()
    }

    // MARK: Senders

    /// - Parameter append: Adds one event to a batch.
    /// - Returns: Whether the event is in the buffer.
    mutating func offer(_ append: (inout EventBatch) -> Void) -> Offer {
        if let refusal { return .refused(refusal) }
        guard senders.isEmpty, hasRoom(for: 1) else {
            var event = EventBatch.empty
            append(&event)
            return wait(event)
        }
        append(&singles)
        return .accepted(effectsOfArrival())
    }

    mutating func offer(_ events: EventBatch) -> Offer {
        if let refusal { return .refused(refusal) }
        if events.count == 0 { return .accepted(Effects()) }
        guard senders.isEmpty, hasRoom(for: events.count) else { return wait(events) }
        enter(events)
        return .accepted(effectsOfArrival())
    }

    /// - Returns: What became of the send by now; nil if the waiter is kept.
    mutating func park(_ waiter: Waiter, for number: Int) -> Outcome? {
        if let index = early.firstIndex(where: { $0.number == number }) {
            return early.remove(at: index).outcome
        }
        guard let index = senders.firstIndex(where: { $0.number == number }) else {
            preconditionFailure("A send waits, or its outcome is known")
        }
        senders[index].waiter = waiter
        return nil
    }

    /// Takes back a send that still waits, with all of its events; those behind it may then have room.
    mutating func cancel(_ number: Int) -> Effects {
        guard let index = senders.firstIndex(where: { $0.number == number }) else { return Effects() }
        var effects = Effects()
        refuse(senders.remove(at: index), CancellationError(), &effects)
        // No wake: whoever waited did so because the buffer was not empty, so the stage is not idle.
        admit(&effects)
        return effects
    }

    // MARK: The end

    /// Accepts no more; only the first call counts.
    mutating func close(failing error: (any Error)?) -> Effects {
        guard case .open = phase else { return Effects() }
        phase = .closing(error)
        return effectsOfArrival()
    }

    /// The stage has ended; the buffer stays, to be looked at.
    mutating func end(_ error: any Error) -> Effects {
        if case .ended = phase { return Effects() }
        phase = .ended(error)
        var effects = Effects()
        while let sender = senders.popFirst() { refuse(sender, error, &effects) }
        return effects
    }

    // MARK: The stage

    /// Takes at most `demand` events, those of senders that wait included.
    ///
    /// - Returns: No events for *nothing now*; nil at the end.
    mutating func take(_ demand: Int) throws -> (events: EventQueue?, effects: Effects) {
        var effects = Effects()
        var events = EventQueue()
        repeat {
            collectSingles()
            events.append(buffer.removeFirst(demand - events.count))
        } while admit(&effects)
        isIdle = events.isEmpty
        if events.isEmpty, case .closing(let error) = phase {
            if let error { throw error }
            return (nil, effects)
        }
        return (events, effects)
    }

    // MARK: Inside

    private var refusal: (any Error)? {
        switch phase {
        case .open: nil
        case .closing: StageError(.stageEnded, "Nothing can be sent any more: the push source was told to finish")
        case .ended(let error): error
        }
    }

    /// One send of any size is admitted to an empty buffer: it could never enter otherwise.
    private func hasRoom(for count: Int) -> Bool {
        let held = buffer.count + singles.count
        return held == 0 || count <= capacity - held
    }

    private mutating func enter(_ events: EventBatch) {
        collectSingles()
        buffer.append(events)
    }

    private mutating func collectSingles() {
        guard singles.count > 0 else { return }
        buffer.append(singles)
        singles = .empty
    }

    private mutating func wait(_ events: EventBatch) -> Offer {
        defer { nextNumber += 1 }
        senders.append(Sender(number: nextNumber, events: events))
        return .waits(number: nextNumber)
    }

    /// The stage is woken once when it found nothing, and not for each send.
    private mutating func effectsOfArrival() -> Effects {
        defer { isIdle = false }
        return Effects(wakes: isIdle)
    }

    /// Lets senders in while there is room for the first of them.
    ///
    /// - Returns: Whether one was let in.
    @discardableResult
    private mutating func admit(_ effects: inout Effects) -> Bool {
        var hasAdmitted = false
        while let first = senders.first, hasRoom(for: first.events.count) {
            senders.removeFirst()
            enter(first.events)
            settle(first, .success(()), &effects)
            hasAdmitted = true
        }
        return hasAdmitted
    }

    private mutating func settle(_ sender: Sender, _ outcome: Outcome, _ effects: inout Effects) {
        if let waiter = sender.waiter {
            effects.resumed.append(Resumption(waiter: waiter, outcome: outcome))
        } else {
            early.append((sender.number, outcome))
        }
    }

    private mutating func refuse(_ sender: Sender, _ error: any Error, _ effects: inout Effects) {
        effects.dropped.append(sender.events)
        settle(sender, .failure(error), &effects)
    }
}
