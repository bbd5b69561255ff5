import Synchronization

/// Which numbers have come, how often any came again, and those who wait for all up to some.
final class Tally: Sendable {
    private struct State {
        var seen: Set<Int> = []
        var repeated = 0
    }

    private let state = Mutex(State())
    private let counts = Journal<Int>()

    var repeated: Int { state.withLock(\.repeated) }

    func add(_ number: Int) {
        let count = state.withLock { state in
            guard state.seen.insert(number).inserted else {
                state.repeated += 1
                return state.seen.count
            }
            return state.seen.count
        }
        counts.add(count)
    }

    /// Waits until so many different numbers have come.
    func wait(for count: Int) async {
        await counts.wait { ($0.last ?? 0) >= count }
    }
}
