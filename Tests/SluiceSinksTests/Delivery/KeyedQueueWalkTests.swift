import SluicePostgres
import SluiceTesting
import Testing

@testable import SluiceSinks

@Suite("The queue in front of a keyed sink, at random")
struct KeyedQueueWalkTests {
    @Test("C28: keeps the order of each key, its limits and its account, and comes to an end", arguments: 0..<400)
    func walk(seed: Int) throws {
        for part in 0..<5 { try walkOnce(UInt64(seed * 5 + part)) }
    }

    private func walkOnce(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let isPrefix = Bool.random(using: &random)
        let limit = Int.random(in: 1...5, using: &random)
        let concurrency = Int.random(in: 1...4, using: &random)
        let hasDeadLetters = Bool.random(using: &random)
        let script = QueueScript(
            messages: limit,
            concurrency: concurrency,
            keyFailure: isPrefix ? .prefix : .independent,
            maxFailures: hasDeadLetters ? 3 : nil,
            hasDeadLetters: hasDeadLetters
        )
        var model = SinkModel()
        var inFlight: [KeyedQueue.Request] = []
        var burials: [KeyedQueue.Burial] = []
        var cost = 0
        var lastSettled: UInt64?
        let total = Int.random(in: 0...60, using: &random)
        var steps = 0
        while true {
            steps += 1
            try #require(steps < 20_000, "seed \(seed) does not end")
            if Int(script.next) < total, Bool.random(using: &random) {
                let orders = Self.orders(&random)
                let table = UInt64.random(in: 0...1, using: &random)
                model.taken(script.next, orders, table: table)
                script.take(orders, table: table, size: 10)
            } else if Int(script.next) == total {
                script.queue.isEnding = true
            }
            var isFinished = false
            drain: while true {
                switch script.step() {
                case .send(let request):
                    try #require(request.messages.count <= limit && !request.messages.isEmpty)
                    inFlight.append(request)
                    try #require(inFlight.count <= concurrency)
                    try model.sent(request.numbers, isPrefix: isPrefix, seed: seed)
                case .bury(let burial): burials.append(burial)
                case .wait(let until):
                    if let until, inFlight.isEmpty, Bool.random(using: &random) { script.now = until }
                    if until == nil, inFlight.isEmpty, burials.isEmpty, script.queue.isEnding {
                        Issue.record("seed \(seed) stands still")
                        return
                    }
                    break drain
                case .finished:
                    isFinished = true
                    break drain
                case .fail(let error): throw error
                }
            }
            let settlement = script.settlement()
            cost += settlement.cost
            if let last = settlement.last?.sequence {
                try #require(lastSettled.map { $0 <= last } ?? true)
                lastSettled = last
                try #require(model.areSettled(through: last), "seed \(seed)")
            }
            if isFinished { break }
            if let index = inFlight.indices.randomElement(using: &random), Bool.random(using: &random) {
                let request = inFlight.remove(at: index)
                if Int.random(in: 0..<10, using: &random) == 0 {
                    model.unsent(request.numbers)
                    script.queue.unreachable(request, at: script.now)
                } else {
                    let results = request.messages.map { _ -> SendResult in
                        switch Int.random(in: 0..<10, using: &random) {
                        case 0...1: .failed(reason: "")
                        case 2 where hasDeadLetters: .refused(reason: "")
                        default: .durable
                        }
                    }
                    model.answered(request.numbers, results)
                    script.answer(request, results)
                }
            }
            if let index = burials.indices.randomElement(using: &random), Bool.random(using: &random) {
                let burial = burials.remove(at: index)
                try model.settled(burial.letter.message.cursor.index)
                script.queue.buried(burial)
            }
        }
        #expect(script.isEmpty && inFlight.isEmpty && burials.isEmpty)
        #expect(model.areAllSettled, "seed \(seed)")
        #expect(cost == 7 * total, "seed \(seed)")
    }

    private static func orders(_ random: inout SeededGenerator) -> [MessageOrder] {
        switch Int.random(in: 0..<20, using: &random) {
        case 0...1: [.wholeTable]
        case 2...3: [.keys(.random(in: 0...5, using: &random), .random(in: 0...5, using: &random))]
        case 4...5: []
        default: [.key(.random(in: 0...5, using: &random))]
        }
    }
}

/// What a sink sees, told by the rules and not by the queue.
private struct SinkModel {
    private struct Message {
        var keys: Set<UInt64>
        var table: UInt64
        var isWholeTable: Bool
        var isSettled = false
        var isInFlight = false
    }

    private var messages: [UInt64: Message] = [:]

    var areAllSettled: Bool { messages.values.allSatisfy(\.isSettled) }

    func areSettled(through number: UInt64) -> Bool {
        (0...number).allSatisfy { messages[$0]?.isSettled ?? true }
    }

    mutating func taken(_ number: UInt64, _ orders: [MessageOrder], table: UInt64) {
        guard let order = orders.first else { return }
        let keys: Set<UInt64> =
            switch order {
            case .key(let key): [key]
            case .keys(let first, let second): [first, second]
            case .wholeTable: []
            }
        messages[number] = Message(keys: keys, table: table, isWholeTable: order == .wholeTable)
    }

    /// Everything that precedes a message is settled, or before it in the same request if a failure takes the rest along.
    mutating func sent(_ numbers: [UInt64], isPrefix: Bool, seed: UInt64) throws {
        for (place, number) in zip(numbers.indices, numbers) {
            let message = try #require(messages[number])
            try #require(!message.isSettled && !message.isInFlight, "seed \(seed): \(number) goes twice")
            for earlier in 0..<number {
                guard let other = messages[earlier], !other.isSettled, precedes(other, message) else { continue }
                let isAhead = isPrefix && numbers[..<place].contains(earlier)
                try #require(isAhead, "seed \(seed): \(number) overtakes \(earlier)")
            }
            messages[number]?.isInFlight = true
        }
    }

    private func precedes(_ earlier: Message, _ later: Message) -> Bool {
        if earlier.isWholeTable || later.isWholeTable { return earlier.table == later.table }
        return !earlier.keys.isDisjoint(with: later.keys)
    }

    mutating func unsent(_ numbers: [UInt64]) {
        for number in numbers { messages[number]?.isInFlight = false }
    }

    mutating func answered(_ numbers: [UInt64], _ results: [SendResult]) {
        unsent(numbers)
        var failed: [UInt64] = []
        for (number, result) in zip(numbers, results) {
            guard let message = messages[number] else { continue }
            let isBehindFailure = failed.contains { messages[$0].map { precedes($0, message) } ?? false }
            if case .durable = result, !isBehindFailure {
                messages[number]?.isSettled = true
            } else {
                failed.append(number)
            }
        }
    }

    mutating func settled(_ number: UInt64) throws {
        try #require(messages[number]?.isSettled == false)
        messages[number]?.isSettled = true
    }
}
