internal import Synchronization

/// What passes between the task that copies tables and the thread that reads the slot.
package final class PageExchange: Sendable {
    /// What the reading thread is to do.
    package enum Order: Sendable {
        /// Watch the changes of a table, instead of another's: what follows is of no use before it does.
        case watch(WatchedTable)
        /// Take a page in at its place.
        case page(Page)
        /// The state file knows that the last page was void.
        case goOn(run: Int64)
        /// Read the slot, too: no more pages of its start's snapshot will come.
        case begin
        /// Finish when everything below a position is read.
        case finish(LSN)
    }

    /// What became of it.
    package enum Report: Sendable {
        /// How far the copy of a table was in an earlier run, from the log.
        case found(CopiedPage)
        /// Everything that an earlier run has delivered was passed: what was found is all.
        case pastStart
        /// The table with this oid is watched.
        case watching(UInt32)
        /// A page has found its place.
        case admitted(Int64)
        /// All of a page is in the stream.
        case taken(CopiedPage)
        /// A page could not be compared with the stream and has to be read again. If there is a cursor, the log has its
        /// watermark behind it, and nothing is read until the state file knows that and the order to go on comes.
        case void(before: Cursor?)
        /// Time has passed; from ``tick()``.
        case tick
    }

    private struct State {
        var orders: [Order] = []
        var wake: @Sendable () -> Void = {}
    }

    private let state = Mutex(State())
    private let continuation: AsyncStream<Report>.Continuation

    private let reports: AsyncStream<Report>

    /// Makes an exchange without orders.
    package init() {
        (reports, continuation) = AsyncStream.makeStream()
    }

    /// Says how the reading thread is woken.
    package func whenOrdered(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// Gives an order, to be followed after those before.
    package func give(_ order: Order) {
        let wake = state.withLock { state in
            state.orders.append(order)
            return state.wake
        }
        wake()
    }

    /// Lets whoever reads the reports look around.
    package func tick() {
        continuation.yield(.tick)
    }

    /// Waits for the next report; for one task at a time.
    ///
    /// - Returns: `nil` if the task is cancelled; then there will be no more.
    package func next() async -> Report? {
        // Iterators of one stream share what it holds.
        var iterator = reports.makeAsyncIterator()
        return await iterator.next()
    }

    func takeOrders() -> [Order] {
        state.withLock { state in
            guard !state.orders.isEmpty else { return [] }
            defer { state.orders = [] }
            return state.orders
        }
    }

    func report(_ report: Report) {
        continuation.yield(report)
    }
}

/// A table whose changes are compared with pages.
package struct WatchedTable: Hashable, Sendable {
    /// The table's oid.
    package var oid: UInt32

    /// The names of the key's columns, in the key's order.
    package var key: [String]

    /// Makes a table.
    package init(oid: UInt32, key: [String]) {
        self.oid = oid
        self.key = key
    }
}
