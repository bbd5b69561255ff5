import DequeModule
import HeapModule

extension KeyedQueue {
    /// Messages that are sent together.
    struct Request: Sendable {
        fileprivate(set) var places: [Int] = []
        fileprivate(set) var messages: [OutgoingMessage] = []
        fileprivate var bytes = 0
        fileprivate(set) var isPartial = false
    }

    /// A message on its way to the dead letters.
    struct Burial: Sendable {
        let place: Int
        let letter: DeadLetter
    }

    /// What is to be done next.
    enum Step {
        case send(Request)
        case bury(Burial)
        /// Nothing before something else happens, or a moment comes.
        case wait(until: Duration?)
        /// Everything is settled, and nothing more will come.
        case finished
        case fail(SinkError)
    }

    /// Says what to do next; to be asked again until it says to wait.
    mutating func next(at now: Duration) -> Step {
        if let failure { return .fail(failure) }
        while let attempt = waiting.min, attempt.due <= now {
            waiting.removeMin()
            makeReady(attempt.message)
        }
        while let first = ready.first, messages[first].message.byteCount > rules.limits.messageBytes {
            refuseOversized(popReady())
        }
        if let failure { return .fail(failure) }
        if burialsInFlight < Self.mostBurials, let burial = refused.popFirst() {
            burialsInFlight += 1
            return .bury(burial)
        }
        if maySend(at: now) { return .send(nextRequest()) }
        if isEnding, isEmpty { return .finished }
        // A moment that has passed is not what is waited for.
        let outage = health.retryAt.flatMap { $0 > now && !ready.isEmpty ? $0 : nil }
        return .wait(until: [waiting.min?.due, outage].compactMap(\.self).min())
    }

    /// A request that is not full waits while another such is under way: under load requests fill, and without load
    /// nothing waits.
    private func maySend(at now: Duration) -> Bool {
        guard !ready.isEmpty, requestsInFlight < rules.limits.concurrency, health.allowsRequest(at: now) else {
            return false
        }
        return partialRequestsInFlight == 0 || ready.count >= rules.limits.messages
            || readyBytes >= rules.limits.bytes
    }

    private mutating func nextRequest() -> Request {
        var request = Request()
        while let first = ready.first, fits(first, request) {
            add(popReady(), to: &request)
            if rules.keyFailure == .prefix { addFollowers(of: first, to: &request) }
        }
        request.isPartial = request.messages.count < rules.limits.messages && ready.isEmpty
        requestsInFlight += 1
        if request.isPartial { partialRequestsInFlight += 1 }
        health.sent()
        return request
    }

    /// The rest of a key may go with its first message: if that fails, it fails too.
    private mutating func addFollowers(of first: Int, to request: inout Request) {
        guard let key = messages[first].onlyKey else { return }
        var last = first
        while let next = messages[last].followers.first(where: { messages[$0].onlyKey == key }),
            messages[next].waits == 1, fits(next, request)
        {
            add(next, to: &request)
            last = next
        }
    }

    private func fits(_ index: Int, _ request: Request) -> Bool {
        let size = messages[index].message.byteCount
        guard size <= rules.limits.messageBytes else { return false }
        guard !request.messages.isEmpty else { return true }
        return request.messages.count < rules.limits.messages && request.bytes <= rules.limits.bytes - size
    }

    private mutating func add(_ index: Int, to request: inout Request) {
        messages[index].state = .inFlight
        request.places.append(index)
        request.messages.append(messages[index].message)
        request.bytes += messages[index].message.byteCount
    }

    private mutating func popReady() -> Int {
        let index = ready.removeFirst()
        readyBytes -= messages[index].message.byteCount
        return index
    }
}
