/// Gives each event to the partition that a function names, and there to the hungriest subscription.
///
/// Events of one partition stay in order. What a partition's consumers do not want yet waits in the partition's queue,
/// which is bounded and outlives its consumers: a slow partition does not stop the others before its queue is full. The
/// stage is asked for no more than all consumers together want, and for no more than fits if all of it were for one
/// partition. Once nobody can subscribe any more, a partition without a consumer has no queue either.
public struct PartitionDispatcher<Event: Sendable, Key: Hashable & Sendable>: Dispatcher {
    /// Where an event goes.
    public enum Route: Sendable {
        /// To a partition; discarded if there is none of that name.
        case to(Key)
        /// To nobody.
        case discard
    }

    /// What happens to an event whose partition's queue is full.
    public enum Overflow: Sendable {
        /// It waits, and with it everything behind it, for all partitions.
        case wait
        /// It is discarded.
        case discard
    }

    private var partitions: PartitionCore

    /// A dispatcher with a closed set of partitions.
    ///
    /// - Parameters:
    ///   - keys: Every partition; events for them wait even if nobody has subscribed yet. Repetitions do not count.
    ///   - queueLimit: How many events may wait in each partition's queue, at least 1.
    ///   - overflow: What happens to an event whose partition's queue is full.
    ///   - route: Says where an event goes. Runs on whatever thread delivers; must not block.
    @inlinable
    public init(
        keys: some Sequence<Key>,
        queueLimit: Int = 1000,
        overflow: Overflow = .wait,
        route: @escaping @Sendable (Event) -> Route
    ) {
        self.init(keys: Array(keys), isOpen: false, queueLimit, overflow, split: Self.split(by: route))
    }

    /// A dispatcher whose partitions are those that consumers have subscribed to.
    ///
    /// An event for a partition that nobody has ever subscribed to is discarded.
    ///
    /// - Parameters:
    ///   - queueLimit: How many events may wait in each partition's queue, at least 1.
    ///   - overflow: What happens to an event whose partition's queue is full.
    ///   - route: Says where an event goes. Runs on whatever thread delivers; must not block.
    @inlinable
    public init(
        queueLimit: Int = 1000,
        overflow: Overflow = .wait,
        route: @escaping @Sendable (Event) -> Route
    ) {
        self.init(keys: [], isOpen: true, queueLimit, overflow, split: Self.split(by: route))
    }

    // A function takes a whole batch, and is made where the types are known: so its loop is compiled for them.
    @usableFromInline
    typealias Split =
        @Sendable (_ events: [Event], _ places: [Key: Int], _ rooms: [Int], _ waits: Bool) -> PartitionSplit

    @usableFromInline
    init(keys: [Key], isOpen: Bool, _ queueLimit: Int, _ overflow: Overflow, split: @escaping Split) {
        precondition(queueLimit > 0, "A partition's queue needs room for one event, not for \(queueLimit)")
        let routing = KeyedRouting(keys: keys, isOpen: isOpen, split: split)
        partitions = PartitionCore(routing, queueLimit: queueLimit, waits: overflow == .wait)
    }

    @inlinable
    static func split(by route: @escaping @Sendable (Event) -> Route) -> Split {
        { events, places, rooms, waits in
            PartitionSplit(of: events, into: rooms, waits: waits) { event in
                guard case .to(let key) = route(event) else { return nil }
                return places[key]
            }
        }
    }

    /// What all consumers together want, as far as every partition could take it.
    public var capacity: Int { partitions.capacity }

    /// What waits in the partitions' queues.
    public var held: Int { partitions.held }

    /// Adds a consumer to a partition.
    ///
    /// - Throws: ``StageError/Code/refused`` if the set of partitions is closed and this is none of them.
    public mutating func subscribed(_ subscription: SubscriptionID, options key: Key) throws {
        try partitions.subscribed(subscription, options: key)
    }

    /// Moves the consumer to a partition, with its demand; what waits stays where it is.
    public mutating func resubscribed(_ subscription: SubscriptionID, options key: Key, owed: Int) throws {
        try partitions.resubscribed(subscription, options: key, owed: owed)
    }

    /// Adds demand for a partition's events.
    public mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        partitions.asked(count, by: subscription)
    }

    /// Forgets the subscription; its partition's queue stays.
    public mutating func cancelled(_ subscription: SubscriptionID) {
        partitions.cancelled(subscription)
    }

    /// Serves the queues first, then routes what is new.
    public mutating func dispatch(_ events: inout Events<Event>, _ place: (consuming Placement<Event>) -> Void) {
        events.untyped { partitions.dispatch(&$0) { place(Placement($0)) } }
    }

    /// Events of partitions without a consumer are discarded from now on.
    public mutating func closed() {
        partitions.closed()
    }
}

extension PartitionDispatcher: UntypedDispatcher {
    var core: any DispatcherCore { partitions }
}

extension PartitionDispatcher where Key == Int {
    /// A dispatcher with the partitions 0 to `count - 1`, chosen by the stable hash of a key: see ``StablyHashable``.
    ///
    /// - Parameters:
    ///   - count: How many partitions there are, at least 1.
    ///   - queueLimit: How many events may wait in each partition's queue, at least 1.
    ///   - overflow: What happens to an event whose partition's queue is full.
    ///   - key: Equal keys go to the same partition. Runs on whatever thread delivers; must not block.
    @inlinable
    public init(
        count: Int,
        queueLimit: Int = 1000,
        overflow: Overflow = .wait,
        by key: @escaping @Sendable (Event) -> some StablyHashable
    ) {
        precondition(count > 0, "There must be at least one partition, not \(count)")
        // The keys are their places.
        self.init(keys: Array(0..<count), isOpen: false, queueLimit, overflow) { events, _, rooms, waits in
            PartitionSplit(of: events, into: rooms, waits: waits) { event in
                Int(truncatingIfNeeded: StableHash.of(key(event)) % UInt64(count))
            }
        }
    }
}
