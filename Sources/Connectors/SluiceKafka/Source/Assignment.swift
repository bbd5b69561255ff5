/// Decides what is polled and what is committed: the partitions that a member of a group has, and how far each is.
///
/// Pure. Each time that a partition is assigned it has another number, by which its messages are acknowledged; so those of
/// an assignment that is over are ignored.
struct Assignment {
    /// How much to poll of a partition.
    struct Share: Equatable {
        var partition: TopicPartition
        var count: Int
    }

    /// An offset to commit.
    struct Commit: Hashable {
        var partition: TopicPartition
        var number: Int
        /// That of the next message.
        var offset: Int64
    }

    private struct Lease {
        let partition: TopicPartition
        var number: Int
        var progress = OffsetProgress()
        var committed: Int64?
        /// A message has failed for good.
        var isStopped = false
        /// It is to be given back.
        var isLeaving = false
    }

    private var leases: [Int: Lease] = [:]
    private var numbers: [TopicPartition: Int] = [:]
    /// Numbers, in the order in which the partitions were assigned.
    private var order: [Int] = []
    private var lastNumber = 0
    private var turns = 0

    /// How many messages of one partition are in flight at most.
    private let limit: Int

    /// - Parameter limit: How many messages of one partition may be in flight.
    init(limit: Int) {
        self.limit = limit
    }

    // MARK: - What there is

    private var all: [Lease] { order.compactMap { leases[$0] } }

    /// How many messages are in flight; only those of partitions that are to be given back, if asked for.
    func inFlight(leavingOnly: Bool = false) -> Int {
        all.reduce(0) { $0 + (leavingOnly && !$1.isLeaving ? 0 : $1.progress.inFlight) }
    }

    // MARK: - Coming and going

    /// Partitions are this member's from now on.
    mutating func add(_ partitions: [TopicPartition]) {
        remove(partitions)
        for partition in partitions {
            lastNumber += 1
            leases[lastNumber] = Lease(partition: partition, number: lastNumber)
            numbers[partition] = lastNumber
            order.append(lastNumber)
        }
    }

    /// Partitions are to be given back: nothing is polled from them any more.
    mutating func beginLeaving(_ partitions: [TopicPartition]) {
        for partition in partitions { if let number = numbers[partition] { leases[number]?.isLeaving = true } }
    }

    /// Partitions are this member's no longer.
    ///
    /// - Returns: How many of their messages are still in flight; what becomes of them is ignored.
    @discardableResult
    mutating func remove(_ partitions: [TopicPartition]) -> Int {
        var givenUp = 0
        for partition in partitions {
            guard let number = numbers.removeValue(forKey: partition) else { continue }
            givenUp += leases.removeValue(forKey: number)?.progress.inFlight ?? 0
            order.removeAll { $0 == number }
        }
        return givenUp
    }

    // MARK: - Messages

    /// How much to poll of which partitions, in this order, for so many messages that are wanted.
    ///
    /// Each partition has an equal share, and each turn begins with another one: none is left out because of others.
    mutating func turn(wanted: Int) -> [Share] {
        let open = all.filter { !$0.isStopped && !$0.isLeaving && $0.progress.inFlight < limit }
        guard !open.isEmpty, wanted > 0 else { return [] }
        turns = (turns + 1) % open.count
        let most = max(1, wanted / open.count)
        return (open[turns...] + open[..<turns]).map {
            Share(partition: $0.partition, count: min(most, limit - $0.progress.inFlight))
        }
    }

    /// A message is handed over.
    ///
    /// - Returns: By which number it is acknowledged.
    mutating func emit(_ offset: Int64, of partition: TopicPartition) -> Int {
        // The log begins anew: what is in flight is of one that is gone.
        if let number = numbers[partition], let last = leases[number]?.progress.last, offset <= last {
            add([partition])
        }
        let number = numbers[partition] ?? 0
        leases[number]?.progress.emit(offset)
        return number
    }

    /// A message was not handed over after all.
    mutating func withdraw(_ offset: Int64, number: Int) {
        leases[number]?.progress.withdraw(offset)
    }

    /// Whether a number is of an assignment that is not over.
    func isCurrent(_ number: Int) -> Bool { leases[number] != nil }

    /// A message has been dealt with; ignored if its assignment is over.
    mutating func settle(_ offset: Int64, number: Int) {
        leases[number]?.progress.settle(offset)
    }

    /// A message has failed, and its partition is to stand still from there on.
    ///
    /// - Returns: The partition, if it did not stand still before.
    mutating func stop(at offset: Int64, number: Int) -> TopicPartition? {
        guard leases[number]?.progress.stop(at: offset) == true else { return nil }
        defer { leases[number]?.isStopped = true }
        return leases[number].flatMap { $0.isStopped ? nil : $0.partition }
    }

    // MARK: - Commits

    /// What could be committed and has not been; only of partitions that are to be given back, if asked for.
    func commits(leavingOnly: Bool = false) -> [Commit] {
        all.compactMap { lease in
            guard let offset = lease.progress.committable, offset != lease.committed, !leavingOnly || lease.isLeaving
            else { return nil }
            return Commit(partition: lease.partition, number: lease.number, offset: offset)
        }
    }

    /// The group's coordinator has taken an offset.
    mutating func committed(_ commit: Commit) {
        leases[commit.number]?.committed = commit.offset
    }
}
