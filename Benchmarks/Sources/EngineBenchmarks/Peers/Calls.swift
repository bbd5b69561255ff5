/// A stage that is called: an actor that answers when it and everybody behind it are done.
///
/// The caller waits for each batch's answer, and an actor that nobody else uses answers on the caller's thread: so this
/// is a function call, with no hand-over to pay for and no two stages ever at work at once. It wins by far where the
/// work is nothing, as here; what it costs where the work is something is what `make bench-pushing` shows.
protocol Callee<Event>: Actor {
    associatedtype Event: Payload

    func handle(_ events: [Event]) async
}

/// Adds up what it is called with.
actor SummingCallee<Event: Payload>: Callee {
    private(set) var sum = 0

    func handle(_ events: [Event]) {
        sum &+= Event.sum(events)
    }
}

/// Doubles what it is called with, and calls the next.
actor DoublingCallee<Event: Payload, Next: Callee<Event>>: Callee {
    private let next: Next

    init(before next: Next) {
        self.next = next
    }

    func handle(_ events: [Event]) async {
        await next.handle(Event.doubled(events))
    }
}

enum Calls<Event: Payload> {
    /// Calls one with each batch.
    static func callNumbers(_ load: Load, _ callee: some Callee<Event>) async {
        await load.forEachBatch { await callee.handle(Event.events($0)) }
    }

    static func sum(of callees: [SummingCallee<Event>]) async -> Int {
        var sum = 0
        for callee in callees { sum &+= await callee.sum }
        return sum
    }
}
