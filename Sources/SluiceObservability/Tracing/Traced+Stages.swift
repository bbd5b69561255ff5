public import Sluice

extension Traced: Stage {
    /// The events that the stage receives: those of the base.
    public typealias Input = Base.Input

    /// The events that the stage emits: those of the base.
    public typealias Output = Base.Output
}

extension Traced: EmittingStage where Base: EmittingStage {}

extension Traced: ReceivingStage where Base: ReceivingStage {}

extension Traced: AutomaticStage where Base: AutomaticStage {}

extension Traced: ManualStage where Base: ManualStage {}

extension Traced: Producer where Base: Producer {
    /// Calls the base in a span.
    ///
    /// - Parameter demand: How many events the consumers still want, at least 1.
    /// - Returns: What the base returns.
    /// - Throws: What the base throws.
    public mutating func handleDemand(_ demand: Int) async throws -> [Base.Output]? {
        try await span("handleDemand", (.demand, demand)) { base, span in
            let events = try await base.handleDemand(demand)
            if let events { span.set(.emitted, to: events.count) }
            return events
        }
    }
}

extension Traced: ProducerConsumer where Base: ProducerConsumer {
    /// Calls the base in a span.
    ///
    /// - Parameter events: At least 1 event.
    /// - Returns: What the base returns.
    /// - Throws: What the base throws.
    public mutating func handleEvents(_ events: [Base.Input]) async throws -> [Base.Output] {
        try await span("handleEvents", (.received, events.count)) { base, span in
            let emitted = try await base.handleEvents(events)
            span.set(.emitted, to: emitted.count)
            return emitted
        }
    }

    /// Tells the base of the end of its input, without a span.
    ///
    /// - Returns: What the base returns.
    /// - Throws: What the base throws.
    public mutating func handleEnd() async throws -> [Base.Output] {
        try await base.handleEnd()
    }
}

extension Traced: Consumer where Base: Consumer {
    /// Calls the base in a span.
    ///
    /// - Parameter events: At least 1 event.
    /// - Throws: What the base throws.
    public mutating func handleEvents(_ events: [Base.Input]) async throws {
        try await span("handleEvents", (.received, events.count)) { base, _ in
            try await base.handleEvents(events)
        }
    }

    /// Tells the base of the end of its input, without a span.
    ///
    /// - Throws: What the base throws.
    public mutating func handleEnd() async throws {
        try await base.handleEnd()
    }
}

extension Traced: TimedProducerConsumer where Base: TimedProducerConsumer {
    /// That of the base.
    public var deadline: Duration? { base.deadline }

    /// Whether the base is full.
    public var isHolding: Bool { base.isHolding }

    /// Calls the base in a span.
    ///
    /// - Parameters:
    ///   - events: At least 1 event.
    ///   - time: The time now.
    /// - Returns: What the base returns.
    /// - Throws: What the base throws.
    public mutating func handleEvents(_ events: [Base.Input], at time: Duration) async throws -> [Base.Output] {
        try await span("handleEvents", (.received, events.count)) { base, span in
            let emitted = try await base.handleEvents(events, at: time)
            span.set(.emitted, to: emitted.count)
            return emitted
        }
    }

    /// Calls the base in a span.
    ///
    /// - Parameters:
    ///   - time: The time now.
    ///   - demand: How many events the consumers want, at least 1.
    /// - Returns: What the base returns.
    /// - Throws: What the base throws.
    public mutating func handleDeadline(at time: Duration, demand: Int) async throws -> [Base.Output] {
        try await span("handleDeadline", (.demand, demand)) { base, span in
            let emitted = try await base.handleDeadline(at: time, demand: demand)
            span.set(.emitted, to: emitted.count)
            return emitted
        }
    }

    /// Tells the base of the end of its input, without a span.
    ///
    /// - Returns: What the base returns.
    /// - Throws: What the base throws.
    public mutating func handleEnd() async throws -> [Base.Output] {
        try await base.handleEnd()
    }
}

extension Traced: ManualConsumer where Base: ManualConsumer {
    /// Tells the base, without a span.
    ///
    /// - Parameter subscription: The way to ask for events.
    /// - Throws: What the base throws.
    public mutating func subscribed(_ subscription: ManualSubscription) async throws {
        try await base.subscribed(subscription)
    }

    /// Calls the base in a span.
    ///
    /// - Parameters:
    ///   - events: At least 1 event.
    ///   - subscription: Where they came from.
    /// - Throws: What the base throws.
    public mutating func handleEvents(_ events: [Base.Input], from subscription: ManualSubscription) async throws {
        try await span("handleEvents", (.received, events.count)) { base, _ in
            try await base.handleEvents(events, from: subscription)
        }
    }

    /// Tells the base of the end of its input, without a span.
    ///
    /// - Throws: What the base throws.
    public mutating func handleEnd() async throws {
        try await base.handleEnd()
    }
}

extension Traced: ManualProducerConsumer where Base: ManualProducerConsumer {
    /// Tells the base, without a span.
    ///
    /// - Parameter subscription: The way to ask for events.
    /// - Throws: What the base throws.
    public mutating func subscribed(_ subscription: ManualSubscription) async throws {
        try await base.subscribed(subscription)
    }

    /// Calls the base in a span.
    ///
    /// - Parameters:
    ///   - events: At least 1 event.
    ///   - subscription: Where they came from.
    /// - Returns: What the base returns.
    /// - Throws: What the base throws.
    public mutating func handleEvents(
        _ events: [Base.Input],
        from subscription: ManualSubscription
    ) async throws -> [Base.Output] {
        try await span("handleEvents", (.received, events.count)) { base, span in
            let emitted = try await base.handleEvents(events, from: subscription)
            span.set(.emitted, to: emitted.count)
            return emitted
        }
    }

    /// Tells the base of the end of its input, without a span.
    ///
    /// - Returns: What the base returns.
    /// - Throws: What the base throws.
    public mutating func handleEnd() async throws -> [Base.Output] {
        try await base.handleEnd()
    }
}
