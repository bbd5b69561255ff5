import DequeModule

/// Decides which stages are started afresh after a failure: a pure machine, without locks, clocks or tasks.
///
/// All stages that are started afresh together stop first; then all wait, and then they start. A stage is known by its
/// number, a group by its place in the order in which the groups were made.
struct SupervisionTree: Sendable {
    /// What a failure leads to.
    enum Verdict: Equatable, Sendable {
        /// These stop, the failed stage among them, and are released when all have stopped.
        case restart([Int])
        /// Another failure has decided before: the stage stops, and is released with the others.
        case decided
        /// These end for good, the failed stage among them.
        case end([Int])
        /// The graph fails.
        case fail
    }

    /// A stage that may start again after its wait.
    struct Release: Equatable, Sendable {
        let stage: Int
        let delay: Duration
    }

    static let root = 0

    private enum Child: Equatable, Sendable {
        case stage(Int)
        case group(Int)
    }

    private struct Group: Sendable {
        let parent: Int?
        var policy: RestartPolicy
        let strategy: RestartStrategy
        let surrender: Surrender
        /// In the order of their start.
        var children: [Child] = []
        /// When failures were forgiven, as far back as they count.
        var failures: Deque<Duration> = []
    }

    private enum State: Sendable {
        case running
        case stopped
        case ended
    }

    private struct Member: Sendable {
        let group: Int
        var state = State.running
        /// The longest wait of the rounds that are complete.
        var delay = Duration.zero
    }

    /// Stages that are started afresh together.
    private struct Round: Sendable {
        let members: [Int]
        let delay: Duration
    }

    private var groups = [Group(parent: nil, policy: .never, strategy: .oneForOne, surrender: .escalate)]
    private var members: [Int: Member] = [:]
    private var rounds: [Round] = []

    // MARK: Building

    mutating func addGroup(
        to parent: Int,
        _ policy: RestartPolicy,
        _ strategy: RestartStrategy,
        _ surrender: Surrender
    ) -> Int {
        groups.append(Group(parent: parent, policy: policy, strategy: strategy, surrender: surrender))
        groups[parent].children.append(.group(groups.count - 1))
        return groups.count - 1
    }

    mutating func addStage(_ stage: Int, to group: Int) {
        members[stage] = Member(group: group)
        groups[group].children.append(.stage(stage))
    }

    // MARK: Failing

    /// A running stage has failed; ``stopped(_:)`` or ``ended(_:)`` follows.
    mutating func failed(_ stage: Int, at time: Duration) -> Verdict {
        guard let member = members[stage] else { return .fail }
        if rounds.contains(where: { $0.members.contains(stage) }) { return .decided }
        return failed(.stage(stage), in: member.group, at: time)
    }

    private mutating func failed(_ child: Child, in group: Int, at time: Duration) -> Verdict {
        let policy = groups[group].policy
        while let first = groups[group].failures.first, time - first >= policy.interval {
            groups[group].failures.removeFirst()
        }
        guard groups[group].failures.count < policy.limit else {
            if groups[group].surrender == .endStages { return .end(live(affected(by: child, in: group))) }
            guard let parent = groups[group].parent else { return .fail }
            return failed(.group(group), in: parent, at: time)
        }
        groups[group].failures.append(time)
        let affected = affected(by: child, in: group)
        for case .group(let part) in affected { forgive(part) }
        let delay = groups[group].policy.backoff.delay(after: groups[group].failures.count)
        let stages = live(affected)
        rounds.append(Round(members: stages, delay: delay))
        return .restart(stages)
    }

    private func affected(by child: Child, in group: Int) -> [Child] {
        let children = groups[group].children
        switch groups[group].strategy {
        case .oneForOne: return [child]
        case .oneForAll: return children
        case .restForOne: return Array(children.drop { $0 != child })
        }
    }

    /// The stages among these that have not ended, in the order of their start.
    private func live(_ children: [Child]) -> [Int] {
        children.flatMap { child -> [Int] in
            switch child {
            case .stage(let stage): members[stage]?.state == .ended ? [] : [stage]
            case .group(let group): live(groups[group].children)
            }
        }
    }

    /// A group that is started afresh as a whole begins to count anew.
    private mutating func forgive(_ group: Int) {
        groups[group].failures = []
        for case .group(let part) in groups[group].children { forgive(part) }
    }

    // MARK: Starting again

    /// A stage has stopped, to be started afresh.
    ///
    /// - Returns: The stages that may start now.
    mutating func stopped(_ stage: Int) -> [Release] {
        members[stage]?.state = .stopped
        var releases = completeRounds()
        // Nobody waits for it, or it was asked to stop once too often.
        if !releases.contains(where: { $0.stage == stage }), let release = release(stage) { releases.append(release) }
        return releases
    }

    /// A stage has ended for good.
    ///
    /// - Returns: The stages that may start now.
    mutating func ended(_ stage: Int) -> [Release] {
        members[stage]?.state = .ended
        return completeRounds()
    }

    private mutating func completeRounds() -> [Release] {
        let completed = rounds.filter(isComplete)
        guard !completed.isEmpty else { return [] }
        rounds = rounds.filter { !isComplete($0) }
        for round in completed {
            for stage in round.members {
                let delay = members[stage]?.delay ?? .zero
                members[stage]?.delay = max(delay, round.delay)
            }
        }
        return completed.flatMap(\.members).compactMap { release($0) }
    }

    private func isComplete(_ round: Round) -> Bool {
        !round.members.contains { members[$0]?.state == .running }
    }

    /// Lets a stage go that has stopped and that no round keeps.
    private mutating func release(_ stage: Int) -> Release? {
        guard let member = members[stage], member.state == .stopped else { return nil }
        guard !rounds.contains(where: { $0.members.contains(stage) }) else { return nil }
        members[stage] = Member(group: member.group)
        return Release(stage: stage, delay: member.delay)
    }
}
