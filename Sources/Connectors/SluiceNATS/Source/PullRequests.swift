import DequeModule

/// Why a pull request came to nothing.
enum PullTrouble: Equatable, Sendable {
    /// The server has not been heard for so long that it must have lost the request.
    case silence
    /// The server has refused or dropped the request.
    case status(Int, String)
    /// The connection is gone for good.
    case closed(String)
    /// The server does not allow something.
    case notPermitted(String)
}

/// Decides when messages are asked for, and how many, and which of those that come are kept.
///
/// There is one request at a time. It stays at the server until all that it asked for has come, or until its time is
/// over. Messages that nobody asked for, since a request was given up, are given back. Pure: the times are given, all
/// since the same moment.
struct PullRequests: Sendable {
    struct Request: Equatable, Sendable {
        var number: UInt64
        var count: Int
    }

    enum Step: Equatable, Sendable {
        case deliver([Delivery])
        case send(Request)
        /// Until something happens, but at most until then.
        case wait(until: Duration?)
        case fail(PullTrouble)
    }

    /// What becomes of a message that has come.
    enum Arrival: Equatable, Sendable {
        case kept
        /// It is to be given back.
        case unwanted
        /// The source has ended: it comes back by itself.
        case dropped
    }

    /// How many messages a request asks for at most.
    private let batch: Int
    /// After so long a silence a request counts as lost.
    private let patience: Duration

    private var request: Request?
    private var heard = Duration.zero
    private var last: UInt64 = 0
    private var arrived: Deque<Delivery> = []
    private var trouble: PullTrouble?
    private var isConnected = true
    private var isOver = false

    init(batch: Int, patience: Duration) {
        self.batch = batch
        self.patience = patience
    }

    /// How many messages are here.
    var count: Int { arrived.count }

    /// How many messages are here, or may still come and will be kept.
    var outstanding: Int { arrived.count + (request?.count ?? 0) }

    /// What to do for so many messages.
    mutating func next(_ demand: Int, at now: Duration) -> Step {
        if !arrived.isEmpty {
            let count = min(demand, arrived.count)
            defer { arrived.removeFirst(count) }
            return .deliver(Array(arrived.prefix(count)))
        }
        if let trouble {
            self.trouble = nil
            return .fail(trouble)
        }
        guard isConnected else { return .wait(until: nil) }
        guard request != nil else {
            last += 1
            let new = Request(number: last, count: min(demand, batch))
            (request, heard) = (new, now)
            return .send(new)
        }
        if now >= heard + patience {
            request = nil
            return .fail(.silence)
        }
        return .wait(until: heard + patience)
    }

    /// A message has come.
    mutating func received(_ delivery: Delivery, at now: Duration) -> Arrival {
        if isOver { return .dropped }
        guard let count = request?.count else { return .unwanted }
        heard = now
        arrived.append(delivery)
        if count == 1 { request = nil } else { request?.count = count - 1 }
        return .kept
    }

    /// The server has said something about a request.
    mutating func told(_ code: Int, _ text: String, of number: UInt64, at now: Duration) {
        guard number == request?.number else { return }
        switch code {
        case 100: heard = now
        // Nothing has come in its time.
        case 404, 408: request = nil
        default:
            request = nil
            trouble = .status(code, text)
        }
    }

    /// A request could not be sent.
    mutating func notSent() { request = nil }

    /// Something has happened to the connection.
    mutating func happened(_ event: ConnectionEvent) {
        switch event {
        case .lost:
            // What it asked for may come on the next connection, and nobody knows how much.
            request = nil
            isConnected = false
        case .restored: isConnected = true
        case .closed(let reason):
            request = nil
            trouble = .closed(reason)
        case .notPermitted(let text):
            request = nil
            trouble = .notPermitted(text)
        }
    }

    /// Nobody wants messages any more.
    ///
    /// - Returns: Those that are to be given back.
    mutating func end() -> [Delivery] {
        (isOver, request) = (true, nil)
        defer { arrived = [] }
        return Array(arrived)
    }
}
