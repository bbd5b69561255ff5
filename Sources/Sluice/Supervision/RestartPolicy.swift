/// How often the stages of a group are started afresh after failures, and how long they wait before.
public struct RestartPolicy: Sendable {
    /// A failure is final.
    public static let never = RestartPolicy(limit: 0, interval: .zero, backoff: .none)

    let limit: Int
    let interval: Duration
    var backoff: Backoff

    /// Forgives so many failures within any such interval; with the next one the group gives up.
    ///
    /// The failures of all stages of the group count together, as one for each time that the group acts.
    ///
    /// - Parameters:
    ///   - limit: How many failures, at least 1.
    ///   - interval: How far back failures count, above 0, on the graph's clock.
    ///   - backoff: The waits before stages are started again; the first failure within an interval waits for the first.
    /// - Returns: The policy.
    public static func upTo(_ limit: Int, within interval: Duration, backoff: Backoff = .none) -> RestartPolicy {
        precondition(limit > 0, "A group forgives at least one failure, not \(limit); see `never`")
        precondition(interval > .zero, "Failures count for some time, not for \(interval)")
        return RestartPolicy(limit: limit, interval: interval, backoff: backoff)
    }
}

/// Which stages of a group are started afresh when one has failed.
public enum RestartStrategy: Sendable {
    /// That stage alone.
    case oneForOne
    /// That stage and those that were started after it.
    case restForOne
    /// All of them.
    case oneForAll
}

/// What happens when a group gives up: when it has forgiven as many failures as it may.
public enum Surrender: Sendable {
    /// The group that it is part of acts as if all of this one had failed; the graph itself fails.
    case escalate

    /// The stages that would have been started afresh end for good, and the graph goes on.
    ///
    /// What they have emitted is still delivered. Their consumers do what their subscriptions say (see
    /// ``SubscriptionMode``), and their producers lose a consumer.
    case endStages
}
