/// The identity of a subscription; never reused within a graph.
public struct SubscriptionID: Hashable, Comparable, Sendable {
    package let number: Int

    package init(number: Int) {
        self.number = number
    }

    /// Orders subscriptions by the time of their making.
    public static func < (left: SubscriptionID, right: SubscriptionID) -> Bool {
        left.number < right.number
    }
}

extension SubscriptionID: CustomStringConvertible {
    /// The number of the subscription in its graph.
    public var description: String { "#\(number)" }
}

/// The identity of a stage, unique also among graphs that run inside each other's stages.
struct StageID: Hashable, Sendable {
    let scope: ObjectIdentifier
    let number: Int
}
