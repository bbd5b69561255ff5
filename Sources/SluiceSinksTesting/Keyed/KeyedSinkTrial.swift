import SluicePostgres
import SluiceSinks

/// The steps of the check of a keyed sink.
struct KeyedSinkTrial {
    let make: @Sendable () async throws -> any KeyedSink
    let bodies: @Sendable () async throws -> [String]

    let source = SourceIdentity(systemIdentifier: "7300000000000000001", timeline: 1, slot: "check")
    private let remembered = SinkPosition(cursor: Cursor(commitLSN: LSN(rawValue: 0x1000), index: 3))
    var next: UInt64 = 0
    /// What was read of the place so far.
    var found: [String] = []

    /// The largest message that the check makes, where the sink has no limit or a higher one.
    private static let largest = 4 << 20
    /// What a sink may add to a message, such as headers, that counts against the limit of its place.
    private static let addition = 1024
    /// The most bytes that it puts into one request.
    private static let most = 32 << 20

    init(
        make: @escaping @Sendable () async throws -> any KeyedSink,
        bodies: @escaping @Sendable () async throws -> [String]
    ) {
        self.make = make
        self.bodies = bodies
    }

    mutating func opens() async throws {
        let (first, second) = (try await make().identity, try await make().identity)
        guard first == second, !first.isEmpty else {
            throw violation(1, "two instances call themselves \"\(first)\" and \"\(second)\"")
        }
        for position in [nil, remembered] {
            let sink = try await make()
            let opening = try await attempt(2, "opening it") { try await sink.open(for: source, remembered: position) }
            await sink.close()
            let given = opening.position.cursor
            guard given == position?.cursor else {
                throw violation(2, "it answers \(told(given)) and not \(told(position?.cursor)), which is remembered")
            }
        }
    }

    mutating func answersEach() async throws {
        let messages = (0..<7).map { message(key: "k\($0)") }
        try await withSink(rule: 3) { sink, trial in
            for request in trial.requests(messages, of: sink) {
                try await trial.sendDurably(request, to: sink, rule: 3)
            }
            try await trial.expectThere(messages, rule: 4)
        }
    }

    mutating func takesAnyKey() async throws {
        let keys: [String?] = [
            "ключ", "日本語 🗝", "a\"b\\c", "line\nbreak\u{1}", " ", String(repeating: "k", count: 1000), #"["1","a,b"]"#,
            nil,
        ]
        let messages = keys.map { message(key: $0, text: "ä \\\"x\\\" 😀 \\u0000") }
        try await withSink(rule: 4) { sink, trial in
            for request in trial.requests(messages, of: sink) {
                try await trial.sendDurably(request, to: sink, rule: 4)
            }
            try await trial.expectThere(messages, rule: 4)
        }
    }

    mutating func keepsOrder() async throws {
        try await withSink(rule: 5) { sink, trial in
            let rounds = (0..<5).map { _ in ["order a", "order b"].map { trial.message(key: $0) } }
            let messages = rounds.flatMap { $0 }
            let requests = sink.keyFailure == .prefix ? trial.requests(messages, of: sink) : rounds
            for request in requests { try await trial.sendDurably(request, to: sink, rule: 5) }
            try await trial.expectThere(messages, rule: 5)
            for key in 0..<2 {
                let wanted = rounds.map { trial.body($0[key]) }
                let places = wanted.compactMap { trial.found.firstIndex(of: $0) }
                guard places == places.sorted() else {
                    throw trial.violation(5, "the messages of a key are at the places \(places)")
                }
            }
        }
    }

    /// What becomes of a key behind a message that fails.
    mutating func fails(_ poison: String) async throws {
        try await withSink(rule: 6) { sink, trial in
            let key = "failing"
            let others = [trial.message(key: "other 1"), trial.message(key: "other 2")]
            let bad = trial.message(key: key, text: poison)
            var request = [others[0], bad, others[1]]
            let isPrefix = sink.keyFailure == .prefix
            if isPrefix {
                request = [trial.message(key: key)] + request + [trial.message(key: key), trial.message(key: key)]
            }
            let results = try await trial.send(request, to: sink, rule: 6)
            let place = isPrefix ? 2 : 1
            guard case .failed = results[place] else {
                throw trial.violation(
                    3,
                    "the place let message \(place) fail, and its result is \(results[place].name)"
                )
            }
            try await trial.look()
            for (number, result) in results.enumerated() {
                let isThere = trial.found.contains(trial.body(request[number]))
                if case .durable = result, !isThere {
                    throw trial.violation(4, "message \(number) was called durable and is not there")
                }
                guard isPrefix, number > 3 else { continue }
                if case .durable = result {
                    throw trial.violation(
                        6,
                        "message \(number) is called durable, and message \(place) of its key failed"
                    )
                }
                if isThere {
                    throw trial.violation(6, "message \(number) is there, and message \(place) of its key failed")
                }
            }
        }
    }

    mutating func takesWhatItsLimitsAllow() async throws {
        try await withSink(rule: 7) { sink, trial in
            let limits = sink.limits
            let largest = min(limits.messageBytes, limits.bytes, Self.largest)
            let edge = try await trial.send([trial.message(key: "edge", size: largest)], to: sink, rule: 7)
            if case .failed(let reason, _) = edge[0] {
                throw trial.violation(7, "a message of \(largest) bytes, which its limits allow, failed: \(reason)")
            }
            let size = max(128, largest - Self.addition)
            let large = [trial.message(key: "large", size: size)]
            try await trial.sendDurably(large, to: sink, rule: 7)
            try await trial.expectThere(large, rule: 7)
            // As many messages as a request may have, and as many bytes.
            let count = min(limits.messages, 10_000)
            let many = (0..<count).map { trial.message(key: "many \($0)") }
            for request in trial.requests(many, of: sink) { try await trial.sendDurably(request, to: sink, rule: 7) }
            try await trial.expectThere(many, rule: 7)
            let bytes = min(limits.bytes, Self.most)
            let each = max(128, min(size, bytes / min(limits.messages, 8)))
            let full = (0..<min(limits.messages, max(1, bytes / each))).map {
                trial.message(key: "full \($0)", size: each)
            }
            try await trial.sendDurably(full, to: sink, rule: 7)
            try await trial.expectThere(full, rule: 7)
        }
    }

    mutating func takesRequestsAtOnce() async throws {
        try await withSink(rule: 8) { sink, trial in
            let count = min(sink.limits.concurrency, 64)
            let requests = (0..<count).map { number in [trial.message(key: "at once \(number)")] }
            try await withThrowingTaskGroup { group in
                for request in requests {
                    group.addTask { [trial] in try await trial.sendDurably(request, to: sink, rule: 8) }
                }
                try await group.waitForAll()
            }
            try await trial.expectThere(requests.flatMap { $0 }, rule: 8)
        }
    }

    mutating func survivesCancellation() async throws {
        for round in 0..<4 {
            let messages = (0..<5).map { message(key: "cancelled \(round) \($0)") }
            try await withSink(rule: 9) { sink, trial in
                for request in trial.requests(messages, of: sink) {
                    // Only a task of its own can be cancelled while its caller goes on; its end is awaited below.
                    let task = Task { [request] in
                        if round == 0 { withUnsafeCurrentTask { $0?.cancel() } }
                        return try await sink.send(request)
                    }
                    for _ in 0..<round { await Task.yield() }
                    task.cancel()
                    if case .failure(let error) = await task.result, !(error is CancellationError) {
                        throw trial.violation(9, "a cancelled call failed with \(error)")
                    }
                }
            }
        }
    }

    mutating func closes() async throws {
        let last = [message(key: "last")]
        await (try await make()).close()
        let sink = try await make()
        try await expectNotOpen("before it was opened") { _ = try await sink.send(last) }
        await sink.close()
        let opened = try await make()
        _ = try await attempt(10, "opening it") { try await opened.open(for: source, remembered: nil) }
        try await expectNotOpen("opened a second time") { [source] in
            _ = try await opened.open(for: source, remembered: nil)
        }
        await opened.close()
        await opened.close()
        try await expectNotOpen("after it was closed") { _ = try await opened.send(last) }
    }

    private func expectNotOpen(_ when: String, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as SinkError where error.code == .notOpen {
            return
        } catch {
            throw violation(10, "\(when) it failed with \(error), not with notOpen")
        }
        throw violation(10, "\(when) it did what it was asked")
    }
}
