import Sluice

/// Doubles the numbers of events.
struct Doubler<Event: Payload>: ProducerConsumer {
    mutating func handleEvents(_ events: [Event]) async throws -> [Event] {
        Event.doubled(events)
    }
}
