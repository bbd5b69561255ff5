import Sluice
import SluicePipelines

/// The steps of the check of a source; each leaves nothing with the broker that the next might get.
struct SourceTrial<Source: Producer & Sendable, Body: Sendable> where Source.Output == Message<Body> {
    let redelivery: Redelivery
    let make: @Sendable () async throws -> Source
    let publish: @Sendable ([String]) async throws -> Void
    let text: @Sendable (Message<Body>) -> String

    private var published = 0

    init(
        redelivery: Redelivery,
        make: @escaping @Sendable () async throws -> Source,
        publish: @escaping @Sendable ([String]) async throws -> Void,
        text: @escaping @Sendable (Message<Body>) -> String
    ) {
        self.redelivery = redelivery
        self.make = make
        self.publish = publish
        self.text = text
    }

    mutating func deliversInOrder() async throws {
        let odd = [
            "null", "line\nbreak\r\n\ttab", "\"quotes\" and \\ backslash", "'; --", "grüße ⌘ 😀 \u{2028}",
            String(repeating: "0123456789abcdef", count: 1 << 12),
        ]
        let texts = try await publish(40) + odd
        try await publish(odd)
        var source = try await make()
        var found: [String] = []
        var demands = [1, 2, 3, 5, 500].makeIterator()
        while found.count < texts.count {
            for message in try await take(demands.next() ?? 7, from: &source) {
                found.append(text(message))
                try await message.acknowledge()
            }
        }
        guard found == texts else {
            let place = zip(found, texts).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? texts.count
            throw violation(2, "message \(place) is \(excerpt(found[place])) instead of \(excerpt(texts[place]))")
        }
    }

    mutating func deliversAgain() async throws {
        let texts = try await publish(10)
        var left: Set<String> = []
        do {
            var source = try await make()
            var messages: [Message<Body>] = []
            while messages.count < texts.count {
                messages += try await take(texts.count - messages.count, from: &source)
            }
            for (place, message) in messages.enumerated() {
                // The first is among the others: nothing may be taken for acknowledged because a later one was.
                if place % 3 == 0 { left.insert(text(message)) } else { try await message.acknowledge() }
            }
        }
        // The first one was left.
        try await expect(redelivery == .ofEach ? left : Set(texts), 5)
    }

    mutating func fails(_ failed: FailedMessages) async throws {
        let bad = try await publish(1)[0]
        var source = try await make()
        guard var message = try await take(1, from: &source).first else { return }
        guard text(message) == bad else { throw violation(5, "\(excerpt(text(message))) came again") }
        message.fail(because: MessageFailure("The check lets it fail"))
        try await message.acknowledge()
        let last = try await publish(1)[0]
        var found: [String] = []
        let expected: Set = failed == .comeAgain ? [bad, last] : [last]
        while !expected.isSubset(of: found) {
            for message in try await take(1, from: &source) {
                found.append(text(message))
                try await message.acknowledge()
            }
        }
        guard Set(found) == expected else { throw violation(6, "the message that failed came again") }
    }

    mutating func survivesCancellation() async throws {
        let source = try await make()
        try await withThrowingTaskGroup(of: [Message<Body>]?.self) { group in
            group.addTask {
                var source = source
                return try await source.handleDemand(5)
            }
            for _ in 0..<100 { await Task.yield() }
            group.cancelAll()
            do {
                guard let messages = try await group.next(), messages?.isEmpty == true else {
                    throw violation(7, "a source without messages answered when it was cancelled")
                }
            } catch is CancellationError {}
        }
        try await expect(Set(try await publish(5)), 7)
    }

    mutating func outlivesItsSource() async throws {
        let texts = try await publish(5)
        var messages: [Message<Body>] = []
        do {
            var source = try await make()
            while messages.count < texts.count {
                messages += try await take(texts.count - messages.count, from: &source)
            }
        }
        for message in messages { try await message.acknowledge() }
        messages = []
        try await expect([], 8)
    }

    mutating func shares() async throws {
        let texts = try await publish(60)
        let found = Collected(until: Set(texts))
        try await run(Producers(concurrency: 3) { [make] _ in try await make() }, found)
        try check(found, 9)
    }

    mutating func drains() async throws {
        let texts = try await publish(60)
        let first = Collected(until: Set(texts.prefix(10)))
        try await run(Producers { [make] _ in try await make() }, first)
        // Each handled message is acknowledged by now.
        try await expect(Set(texts).subtracting(first.texts), 10)
    }

    mutating func survives(_ interrupt: @escaping @Sendable () async throws -> Void) async throws {
        let texts = try await publish(40)
        let later = number(20)
        let found = Collected(until: Set(texts + later))
        let publish = publish
        try await run(Producers { [make] _ in try await make() }, found) { count in
            guard count == 10 else { return }
            try await interrupt()
            try await publish(later)
        }
        try check(found, 11)
    }
}

/// What the steps are made of.
extension SourceTrial {
    private func violation(_ rule: Int, _ message: String) -> SourceViolation {
        SourceViolation(rule: rule, message: message)
    }

    private func excerpt(_ text: String) -> String { "\"\(text.prefix(40))\"" }

    private mutating func number(_ count: Int) -> [String] {
        defer { published += count }
        return (0..<count).map { "message \(published + $0)" }
    }

    private mutating func publish(_ count: Int) async throws -> [String] {
        let texts = number(count)
        try await publish(texts)
        return texts
    }

    private func take(_ demand: Int, from source: inout Source) async throws -> [Message<Body>] {
        guard let messages = try await source.handleDemand(demand) else {
            throw violation(1, "the source has finished")
        }
        guard (1...demand).contains(messages.count) else {
            throw violation(1, "asked for \(demand) messages it answered \(messages.count)")
        }
        return messages
    }

    /// Takes what there is, and requires that it is this and no more.
    private mutating func expect(_ texts: Set<String>, _ rule: Int) async throws {
        let last = try await publish(1)[0]
        let wanted = texts.union([last])
        var source = try await make()
        var found: [String] = []
        while !wanted.isSubset(of: found) {
            for message in try await take(10, from: &source) {
                found.append(text(message))
                try await message.acknowledge()
            }
        }
        if let again = found.first(where: { !wanted.contains($0) }) {
            throw violation(
                3,
                "\(excerpt(again)) had been acknowledged, and came again (when rule \(rule) was checked)"
            )
        }
    }

    private func run(
        _ source: Producers<Source>,
        _ found: Collected,
        _ body: @escaping @Sendable (_ count: Int) async throws -> Void = { _ in }
    ) async throws {
        let text = text
        let pipeline = Pipeline(
            source: source,
            processors: Processors(concurrency: 2, maxDemand: 5),
            handler: Handling { (message: Message<Body>) in
                try await body(found.add(text(message)))
                return message
            }
        )
        try await pipeline.run { running in found.whenComplete { running.drain() } }
    }

    private func check(_ found: Collected, _ rule: Int) throws {
        let unknown = found.texts.subtracting(found.expected)
        if let again = unknown.first {
            throw violation(
                3,
                "\(excerpt(again)) had been acknowledged, and came again (when rule \(rule) was checked)"
            )
        }
    }
}
