import Synchronization

/// Texts that a pipeline's handlers were given.
final class Collected: Sendable {
    private struct State {
        var texts: Set<String> = []
        var missing: Set<String>
        var count = 0
        var isComplete: (@Sendable () -> Void)?
    }

    let expected: Set<String>

    private let state: Mutex<State>

    init(until expected: Set<String>) {
        self.expected = expected
        state = Mutex(State(missing: expected))
    }

    var texts: Set<String> { state.withLock(\.texts) }

    /// Has something done once when all that is expected has come.
    func whenComplete(_ body: @escaping @Sendable () -> Void) {
        let isComplete = state.withLock { state in
            state.isComplete = body
            return state.missing.isEmpty ? state.isComplete.take() : nil
        }
        isComplete?()
    }

    /// - Returns: How many there have been, with this one.
    func add(_ text: String) -> Int {
        let (count, isComplete) = state.withLock { state in
            state.texts.insert(text)
            state.missing.remove(text)
            state.count += 1
            return (state.count, state.missing.isEmpty ? state.isComplete.take() : nil)
        }
        isComplete?()
        return count
    }
}
