import Sluice
import SluicePipelines
import Synchronization

/// A broker in memory, whose sources keep every rule, or all but one.
final class MemoryBroker: Sendable {
    enum Wrong {
        case givesTooMany, answersNothing, reverses, mangles, forgetsAcknowledgements, answersWhenCancelled
        case losesWhatIsGivenBack, losesFailures, losesInInterruptions

        /// Those that show in what is answered.
        static let visible: [Wrong] = [
            .givesTooMany, .answersNothing, .reverses, .mangles, .forgetsAcknowledgements, .answersWhenCancelled,
        ]
    }

    /// A message is lost, and whoever waits for it would wait for ever.
    struct Lost: Error {}

    private struct State {
        var texts: [String] = []
        /// Numbers that can be given out, in order.
        var ready: [Int] = []
        var isLossy = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    let wrong: Wrong?
    private let state = Mutex(State())

    init(wrong: Wrong? = nil) {
        self.wrong = wrong
    }

    func publish(_ texts: [String]) {
        change { state in
            if state.isLossy { return }
            state.ready += state.texts.count..<state.texts.count + texts.count
            state.texts += texts
        }
    }

    /// A real one would lose what is under way with its connections; here nothing is.
    func interrupt() {
        guard wrong == .losesInInterruptions else { return }
        lose()
    }

    func text(_ number: Int) -> String { state.withLock { $0.texts[number] } }

    func giveBack(_ numbers: some Collection<Int>) {
        change { $0.ready = ($0.ready + numbers).sorted() }
    }

    /// From now on nothing new arrives.
    func lose() {
        change { $0.isLossy = true }
    }

    /// Waits for at least one.
    func take(_ count: Int) async throws -> [Int] {
        while true {
            let taken = try state.withLock { state in
                if state.ready.isEmpty, state.isLossy { throw Lost() }
                defer { state.ready.removeFirst(min(count, state.ready.count)) }
                return Array(state.ready.prefix(count))
            }
            if !taken.isEmpty { return taken }
            try Task.checkCancellation()
            await wait()
        }
    }

    private func wait() async {
        let place = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if !state.ready.isEmpty || state.isLossy || Task.isCancelled { return true }
                    state.waiters[place] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: place) }?.resume()
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }
}
