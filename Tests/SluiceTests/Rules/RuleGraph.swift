import SluiceTesting
import Synchronization

@testable import Sluice

/// Runs a graph to its end under a few schedules; each one must behave alike.
func underEachSchedule(
    _ body: @escaping @Sendable (TestClock) async throws -> Void
) throws {
    try DeterministicExecutor.check(seeds: 0..<20, body)
}

/// Lets everything else go on until a condition holds.
func until(_ condition: () -> Bool) async {
    var patience = 100_000
    while !condition(), patience > 0 {
        patience -= 1
        await Task.yield()
    }
}

/// Lets everything that can happen without a passing of time happen.
func settle(_ clock: TestClock) async {
    try? await clock.sleep(for: .milliseconds(1))
}

/// What a task waits for that takes no notice of being cancelled.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiter: UnsafeContinuation<Void, Never>?)>((false, nil))

    func wait() async {
        await withUnsafeContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiter = continuation }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiter = state.withLock { state in
            state.isOpen = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}

/// A source that waits for ever in its handler, until it is interrupted.
struct WaitingSource: Producer {
    enum Answer: Sendable {
        case lastEvents([Int])
        case rethrow
        /// Waits on until the gate opens, whatever happens.
        case ignore(Gate)
    }

    let clock: TestClock
    let answer: Answer

    mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
        do {
            try await clock.sleep(for: .seconds(100_000))
        } catch {
            switch answer {
            case .lastEvents(let events): return events
            case .rethrow: throw error
            case .ignore(let gate): await gate.wait()
            }
        }
        return nil
    }
}

/// A consumer that takes its time.
struct SlowSink: Consumer {
    let clock: TestClock
    let time: Duration
    let log: Log<Int>

    mutating func handleEvents(_ events: [Int]) async throws {
        try await clock.sleep(for: time)
        log.append(events)
    }
}
