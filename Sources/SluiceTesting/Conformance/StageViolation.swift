/// A rule that a stage broke.
public struct StageViolation: Error, CustomStringConvertible {
    /// The rule, as `P3`: see ``checkProducer(seeds:limit:surplus:make:)``, ``checkConsumer(_:seeds:make:outcome:)`` and
    /// ``checkProducerConsumer(_:seeds:make:)``.
    public let rule: String

    /// The schedule that shows it: a check with this seed alone finds it again.
    public let seed: UInt64

    /// What happened.
    public let message: String

    /// All of it.
    public var description: String { "Rule \(rule), seed \(seed): \(message)" }
}

/// Where two runs of a stage differ.
///
/// - Returns: Nil if they are equal.
func difference<Event: Equatable>(_ first: [Event], _ second: [Event]) -> String? {
    guard let index = zip(first, second).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset else {
        return first.count == second.count ? nil : "\(first.count) events, and then \(second.count)"
    }
    return "event \(index) was \(first[index]), and then \(second[index])"
}
