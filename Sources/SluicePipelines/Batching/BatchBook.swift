public import DequeModule

/// The batches that a batcher is filling: what belongs together, when it is full, and when it has waited long enough.
///
/// Pure: the time is given. Messages of one key and partition stay in order, also over several batches.
@usableFromInline
struct BatchBook<Body: Sendable> {
    /// What the messages of a batch have in common.
    @usableFromInline
    struct ID: Hashable {
        @usableFromInline var key: String
        @usableFromInline var partition: Int?

        @inlinable
        init(key: String, partition: Int?) {
            self.key = key
            self.partition = partition
        }
    }

    @usableFromInline
    struct Open {
        @usableFromInline var messages: [Message<Body>] = []
        @usableFromInline var splitter: BatchLimit<Body>.Splitter?
        /// Of all that were ever opened.
        @usableFromInline var number: UInt64

        @inlinable
        init(number: UInt64) {
            self.number = number
        }
    }

    @usableFromInline let batcher: String
    @usableFromInline let limit: BatchLimit<Body>
    @usableFromInline let timeout: Duration
    @usableFromInline let capacity: Int
    @usableFromInline let partition: (@Sendable (Message<Body>) -> Int)?

    @usableFromInline var open: [ID: Open] = [:]
    /// In the order in which the batches were opened, and so in that of their deadlines; some have left since.
    @usableFromInline var deadlines: Deque<(id: ID, number: UInt64, deadline: Duration)> = []
    @usableFromInline var opened: UInt64 = 0

    /// How many messages are in open batches.
    @usableFromInline var count = 0

    /// Makes a book without batches.
    ///
    /// - Parameters:
    ///   - batcher: The batcher's name.
    ///   - limit: When a batch is full.
    ///   - timeout: How long a batch's first message may wait.
    ///   - capacity: How many messages all open batches may have together, at least 1: with one more the oldest leaves.
    ///   - partition: A message's partition; `nil`: there are none.
    @inlinable
    init(
        batcher: String,
        limit: BatchLimit<Body>,
        timeout: Duration,
        capacity: Int,
        partition: (@Sendable (Message<Body>) -> Int)? = nil
    ) {
        self.batcher = batcher
        self.limit = limit
        self.timeout = timeout
        self.capacity = capacity
        self.partition = partition
    }

    /// When the next batch has waited long enough; `nil` if none is open.
    @inlinable var deadline: Duration? { deadlines.first { isOpen($0.id, $0.number) }?.deadline }

    /// Takes messages in.
    ///
    /// A message that asks for it lets its batch leave behind the run of messages of the same key that it stands in.
    ///
    /// - Parameters:
    ///   - messages: In order.
    ///   - time: Now.
    /// - Returns: The batches that leave, in the order in which they became full.
    @inlinable
    mutating func add(_ messages: [Message<Body>], at time: Duration) -> [MessageBatch<Body>] {
        var left: [MessageBatch<Body>] = []
        var start = messages.startIndex
        while start < messages.endIndex {
            let id = id(of: messages[start])
            var end = start + 1
            while end < messages.endIndex && belongs(messages, end, to: id) { end += 1 }
            let run = messages[start..<end]
            // Out of the dictionary while its run lasts: so a message costs no look-up.
            var batch = open.removeValue(forKey: id)
            switch limit.kind {
            case .count(let size): fill(&batch, with: run, upTo: size, id, at: time, &left)
            case .custom: for message in run { add(message, to: &batch, id, at: time, &left) }
            }
            if let batch {
                if run.contains(where: \.flushesBatch) {
                    left.append(finish(id, batch, .flush))
                } else {
                    open[id] = batch
                }
            }
            start = end
        }
        while count > capacity, let oldest = closeOldest(.pressure) { left.append(oldest) }
        forgetClosed()
        return left
    }

    /// Lets the batches leave whose time has come.
    @inlinable
    mutating func expire(at time: Duration) -> [MessageBatch<Body>] {
        var left: [MessageBatch<Body>] = []
        while let deadline, deadline <= time, let batch = closeOldest(.timeout) { left.append(batch) }
        return left
    }

    /// Lets all batches leave.
    @inlinable
    mutating func flush() -> [MessageBatch<Body>] {
        var left: [MessageBatch<Body>] = []
        while let batch = closeOldest(.flush) { left.append(batch) }
        return left
    }

    @inlinable
    func id(of message: Message<Body>) -> ID {
        ID(key: message.batchKey, partition: partition?(message))
    }

    /// Whether a message is of a batch; by its place, so that it is not copied for the question.
    @inlinable
    func belongs(_ messages: [Message<Body>], _ place: Int, to id: ID) -> Bool {
        messages[place].batchKey == id.key && (partition == nil || partition?(messages[place]) == id.partition)
    }

    @inlinable
    func isOpen(_ id: ID, _ number: UInt64) -> Bool { open[id]?.number == number }

    /// Adds as many messages at once as a batch has room for.
    @inlinable
    mutating func fill(
        _ batch: inout Open?,
        with run: ArraySlice<Message<Body>>,
        upTo size: Int,
        _ id: ID,
        at time: Duration,
        _ left: inout [MessageBatch<Body>]
    ) {
        var rest = run
        while !rest.isEmpty {
            var current = batch.take() ?? begin(id, at: time)
            let some = rest.prefix(max(1, size - current.messages.count))
            rest = rest.dropFirst(some.count)
            current.messages.append(contentsOf: some)
            count += some.count
            if current.messages.count >= size { left.append(finish(id, current, .size)) } else { batch = current }
        }
    }

    /// Adds a message where the batch's splitter says.
    @inlinable
    mutating func add(
        _ message: Message<Body>,
        to batch: inout Open?,
        _ id: ID,
        at time: Duration,
        _ left: inout [MessageBatch<Body>]
    ) {
        var current = batch.take() ?? begin(id, at: time)
        var split = current.splitter?(message) ?? .keep
        if split == .emitBefore, !current.messages.isEmpty {
            left.append(finish(id, current, .size))
            current = begin(id, at: time)
            split = current.splitter?(message) ?? .keep
        }
        current.messages.append(message)
        count += 1
        if split == .emitAfter { left.append(finish(id, current, .size)) } else { batch = current }
    }

    @inlinable
    mutating func begin(_ id: ID, at time: Duration) -> Open {
        opened += 1
        deadlines.append((id, opened, time + timeout))
        var batch = Open(number: opened)
        if case .custom(let makeSplitter) = limit.kind { batch.splitter = makeSplitter() }
        return batch
    }

    @inlinable
    mutating func close(_ id: ID, _ trigger: BatchTrigger) -> MessageBatch<Body>? {
        open.removeValue(forKey: id).map { finish(id, $0, trigger) }
    }

    @inlinable
    mutating func closeOldest(_ trigger: BatchTrigger) -> MessageBatch<Body>? {
        while let next = deadlines.popFirst() {
            if isOpen(next.id, next.number) { return close(next.id, trigger) }
        }
        return nil
    }

    @inlinable
    mutating func finish(_ id: ID, _ batch: Open, _ trigger: BatchTrigger) -> MessageBatch<Body> {
        count -= batch.messages.count
        let info = BatchInfo(
            batcher: batcher,
            batchKey: id.key,
            partition: id.partition,
            size: batch.messages.count,
            trigger: trigger
        )
        return MessageBatch(info: info, messages: batch.messages)
    }

    /// Batches that have left need no deadline; those at the front are nearly always the ones.
    @inlinable
    mutating func forgetClosed() {
        while let first = deadlines.first, !isOpen(first.id, first.number) { deadlines.removeFirst() }
        // Behind one that stays open others come and go.
        if deadlines.count > 2 * open.count + 64 {
            deadlines = Deque(deadlines.filter { isOpen($0.id, $0.number) })
        }
    }
}
