@testable import Sluice

/// What the workers of a test did, in order, and the gates at which their events wait.
final class Workbench: Sendable {
    private struct State {
        var begun: [Int] = []
        var ended: [Int] = []
        var running = 0
        var peak = 0
        var gates: [Int: Gate] = [:]
    }

    /// The engine's lock and no `Mutex`: these workers also run on real threads, under Thread Sanitizer.
    private let state = Lock(State())

    /// Every attempt that has begun.
    var begun: [Int] { state.withLock { $0.begun } }
    /// Every attempt that has ended, in whatever way.
    var ended: [Int] { state.withLock { $0.ended } }
    /// How many run now.
    var running: Int { state.withLock { $0.running } }
    /// The most that ever ran at once.
    var peak: Int { state.withLock { $0.peak } }

    /// Runs a body as the work on an event.
    func work<Result>(on event: Int, _ body: () async throws -> Result) async rethrows -> Result {
        state.withLock { state in
            state.begun.append(event)
            state.running += 1
            state.peak = max(state.peak, state.running)
        }
        defer {
            state.withLock { state in
                state.ended.append(event)
                state.running -= 1
            }
        }
        return try await body()
    }

    /// Works on an event until ``end(_:)`` is called for it.
    func waitForEnd(of event: Int) async {
        await work(on: event) { await gate(event).wait() }
    }

    func end(_ events: Int...) {
        for event in events { gate(event).open() }
    }

    private func gate(_ event: Int) -> Gate {
        state.withLock { state in
            if let gate = state.gates[event] { return gate }
            let gate = Gate()
            state.gates[event] = gate
            return gate
        }
    }
}
