import SluicePostgres
import Synchronization

/// Asks the server now and then where its log ends, on a connection of its own, for the lag.
///
/// It never keeps anybody waiting: an answer that does not come leaves the last one standing.
final class ServerMonitor: Sendable {
    private struct State {
        var position: LSN?
        var isAsking = false
    }

    private let target: ConnectionTarget
    private let thread = BlockingThread()
    // Only the thread takes this lock, so holding it over a blocking call keeps nobody waiting.
    private let connection = Mutex<Connection?>(nil)
    private let state = Mutex(State())

    init(_ target: ConnectionTarget) {
        self.target = target
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
        let position = try? await thread.run { [self] in try ask() }
        state.withLock { state in
            state.isAsking = false
            if let position { state.position = position }
        }
    }

    private func ask() throws -> LSN? {
        try connection.withLock { connection in
            if connection?.isOpen != true { connection = try Connection(target) }
            let text = try connection?.query(
                """
                select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end
                """
            ).first?.first
            return (text ?? nil).flatMap { LSN($0) }
        }
    }
}
