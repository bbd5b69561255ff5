import SluiceTesting

@testable import Sluice

struct SimulatedFailure: Error, Equatable {
    var stage: Int
}

/// What all simulated stages have in common: a random pace, a planned failure, and the stamp on what they emit.
struct StageLife: Sendable {
    let index: Int
    let journal: SimulationJournal
    let clock: TestClock
    var generator: SeededGenerator
    let failingCalls: [Int]
    /// Whether each stage sorts its events into partitions.
    let partitions: [Bool]
    private let life: SimulationJournal.Life
    private var isBusy = false
    /// It outlives the value.
    var memory: StageMemory {
        get { journal.memory(of: index) }
        nonmutating set { journal.remember(newValue, of: index) }
    }

    /// - Throws: If the plan says that the stage cannot be made, once.
    init(_ index: Int, _ plan: SimulationPlan, _ journal: SimulationJournal, _ clock: TestClock) throws {
        self.index = index
        self.journal = journal
        self.clock = clock
        generator = SeededGenerator(seed: plan.seed &* 31 &+ UInt64(index) &+ 1)
        failingCalls = plan.failures.filter { $0.stage == index }.map(\.call)
        partitions = plan.dispatchers.map { $0 == .partition }
        life = SimulationJournal.Life(journal)
        guard failingCalls.contains(0), !memory.hasFailedToBeMade else { return }
        memory.hasFailedToBeMade = true
        throw SimulatedFailure(stage: index)
    }

    /// Begins a call of a handler: takes some time, and fails if that is the plan.
    mutating func begin() async throws {
        if isBusy { journal.violated("stage \(index) was called while it was busy") }
        isBusy = true
        defer { isBusy = false }
        memory.calls += 1
        let call = memory.calls
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<6: break
        case 6..<9:
            for _ in 0..<Int.random(in: 1...3, using: &generator) { await Task.yield() }
        default:
            try await clock.sleep(for: .seconds(Int.random(in: 1...3, using: &generator)))
        }
        if failingCalls.contains(call) { throw SimulatedFailure(stage: index) }
    }

    mutating func stamp(_ identities: [SimulatedEvent.Identity]) -> [SimulatedEvent] {
        journal.emission(of: index, identities.count)
        let first = memory.emitted
        memory.emitted += identities.count
        return identities.enumerated().map { offset, identity in
            SimulatedEvent(identity: identity, emitter: index, position: first + offset)
        }
    }

    /// Checks that a message is of one producer and in its order.
    ///
    /// - Parameter subscription: Which of several subscriptions to the same producer it is.
    mutating func received(_ events: [SimulatedEvent], from subscription: Int = -1) {
        if events.isEmpty { journal.violated("stage \(index) was given an empty message") }
        if Set(events.map(\.emitter)).count > 1 { journal.violated("stage \(index) was given a mixed message") }
        for event in events {
            // A consumer that moves to another partition finds older events there.
            let partition = partitions[event.emitter] ? event.identity.number % 2 : 0
            let key = [event.emitter, subscription, partition]
            if let last = memory.lastPositions[key], last >= event.position {
                journal.violated("order: stage \(index) got \(event.position) of \(event.emitter) after \(last)")
            }
            memory.lastPositions[key] = event.position
        }
    }
}

struct SimulatedSource: Producer {
    var life: StageLife
    let plan: SimulationPlan.Source
    let context: StageContext?
    var touches = 0

    mutating func handleDemand(_ demand: Int) async throws -> [SimulatedEvent]? {
        if demand < 1 { life.journal.violated("source \(life.index) was asked for \(demand)") }
        try await life.begin()
        var memory = life.memory
        let next = memory.next
        let left = (plan.kind == .fed ? memory.fed : plan.total) - next
        guard left > 0 else { return plan.kind != .fed || memory.isClosed ? nil : [] }
        if plan.kind == .drowsy, life.generator.chance(3), let context {
            if life.generator.chance(2) { context.wake() } else { life.journal.fellAsleep(context) }
            return []
        }
        let count =
            switch plan.kind {
            case .exact, .drowsy, .fed: demand
            case .fewer: Int.random(in: 1...demand, using: &life.generator)
            case .surplus: demand + Int.random(in: 0...5, using: &life.generator)
            }
        let upper = next + min(count, left)
        memory.next = upper
        life.memory = memory
        let events = life.stamp((next..<upper).map { SimulatedEvent.Identity(source: life.index, number: $0) })
        life.journal.wasEmitted(events)
        return events
    }
}

struct SimulatedRelay: ProducerConsumer {
    var life: StageLife
    let transform: Transform
    var touches = 0

    mutating func handleEvents(_ events: [SimulatedEvent]) async throws -> [SimulatedEvent] {
        life.received(events)
        try await life.begin()
        life.journal.fate(events, "handled")
        return life.stamp(events.flatMap { transform.apply($0.identity) })
    }
}

/// Asks for a subscription's window again in steps of a random size.
struct Debts: Sendable {
    private var owed: [SubscriptionID: Int] = [:]

    mutating func handled(
        _ count: Int,
        of subscription: ManualSubscription,
        _ journal: SimulationJournal,
        _ generator: inout SeededGenerator
    ) {
        let debt = (owed[subscription.id] ?? 0) + count
        let window = journal.window(of: subscription.id) ?? 1
        if debt >= Int.random(in: 1...window, using: &generator) {
            owed[subscription.id] = 0
            subscription.ask(debt)
        } else {
            owed[subscription.id] = debt
        }
    }
}

struct SimulatedManualRelay: ManualProducerConsumer {
    var life: StageLife
    let transform: Transform
    var debts = Debts()
    var touches = 0

    mutating func subscribed(_ subscription: ManualSubscription) async throws {
        subscription.ask((life.journal.window(of: subscription.id) ?? 1) - subscription.outstanding)
    }

    mutating func handleEvents(
        _ events: [SimulatedEvent],
        from subscription: ManualSubscription
    ) async throws -> [SimulatedEvent] {
        life.received(events, from: subscription.id.number)
        try await life.begin()
        debts.handled(events.count, of: subscription, life.journal, &life.generator)
        life.journal.fate(events, "handled")
        return life.stamp(events.flatMap { transform.apply($0.identity) })
    }
}

struct SimulatedSink: Consumer {
    var life: StageLife
    let source: StageHandle<SimulatedSource>
    var touches = 0

    mutating func handleEvents(_ events: [SimulatedEvent]) async throws {
        life.received(events)
        try await life.begin()
        life.journal.fate(events, "handled")
        life.journal.wasHandled(events)
        if life.generator.chance(10) { _ = try? await source.perform { $0.touches += 1 } }
    }
}

struct SimulatedManualSink: ManualConsumer {
    var life: StageLife
    var debts = Debts()
    var touches = 0

    mutating func subscribed(_ subscription: ManualSubscription) async throws {
        subscription.ask((life.journal.window(of: subscription.id) ?? 1) - subscription.outstanding)
    }

    mutating func handleEvents(_ events: [SimulatedEvent], from subscription: ManualSubscription) async throws {
        life.received(events, from: subscription.id.number)
        try await life.begin()
        life.journal.fate(events, "handled")
        life.journal.wasHandled(events)
        debts.handled(events.count, of: subscription, life.journal, &life.generator)
    }
}
