import SluicePostgres
import Synchronization

/// Asks the server now and then where its log ends, for the lag, on the connection that holds the claim: so that claim is
/// looked after, too.
///
/// It never keeps anybody waiting: an answer that does not come leaves the last one standing.
final class ServerMonitor: Sendable {
    private struct State {
        var position: LSN?
        var isAsking = false
    }

    private let claim: SlotClaim
    private let thread = BlockingThread()
    private let state = Mutex(State())

    init(_ claim: SlotClaim) {
        self.claim = claim
    }

    /// The last answer; nil if there was none.
    var position: LSN? { state.withLock { $0.position } }

    /// Asks again, unless an answer is still awaited.
    func refresh() async {
        let isFree = state.withLock { state in
            defer { state.isAsking = true }
            return !state.isAsking
        }
        guard isFree else { return }
        let position = try? await thread.run { [claim] in try claim.logEnd() }
        state.withLock { state in
            state.isAsking = false
            if let position { state.position = position }
        }
    }

    /// Lets the thread end.
    func close() {
        thread.close()
    }
}
