import Sluice
import Synchronization

/// A graceful shutdown and a graph that is wired meet here, in either order; the second of them drains the graph.
final class PendingDrain: Sendable {
    private struct State {
        var stages: Stages?
        var isTriggered = false
    }

    private let state = Mutex(State())
    private let deadline: Duration?

    init(deadline: Duration?) {
        self.deadline = deadline
    }

    func wired(_ stages: Stages) {
        let isTriggered = state.withLock { state in
            state.stages = stages
            return state.isTriggered
        }
        if isTriggered { stages.drain(within: deadline) }
    }

    func triggered() {
        let stages = state.withLock { state in
            state.isTriggered = true
            return state.stages
        }
        stages?.drain(within: deadline)
    }
}
