import Sluice
import SluicePipelines
import Synchronization

/// Emits as much as it is asked for, numbered from 1 on.
final class Endless: Sendable {
    private let recorder: Recorder
    private let count = Mutex(0)

    init(_ recorder: Recorder) {
        self.recorder = recorder
    }

    var emitted: Int { count.withLock(\.self) }
}

extension Endless: Producer {
    func handleDemand(_ demand: Int) async throws -> [Message<Int>]? {
        let first = count.withLock { count in
            defer { count += demand }
            return count + 1
        }
        return recorder.messages(first..<first + demand)
    }
}

/// Emits some messages, and then fails, or ends.
struct Flaky: Producer {
    private var messages: [Message<Int>]
    private let isLast: Bool

    init(_ messages: [Message<Int>], isLast: Bool) {
        self.messages = messages
        self.isLast = isLast
    }

    mutating func handleDemand(_ demand: Int) async throws -> [Message<Int>]? {
        if messages.isEmpty {
            if isLast { return nil }
            throw Script.Broken()
        }
        defer { messages.removeFirst(min(demand, messages.count)) }
        return Array(messages.prefix(demand))
    }
}

/// Emits nothing until it is drained.
struct Silent: Producer {
    mutating func handleDemand(_ demand: Int) async throws -> [Message<Int>]? {
        for await _ in AsyncStream<Never>.makeStream().stream {}
        return []
    }
}
