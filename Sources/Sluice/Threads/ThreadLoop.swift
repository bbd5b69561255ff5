import DequeModule
import Glibc
import Synchronization

/// The jobs of one thread, first in, first out: what the thread itself adds takes no lock.
final class ThreadLoop: Sendable {
    /// What other threads have added.
    private struct Inbox {
        var jobs: Deque<UnownedJob> = []
        /// The thread waits, or is about to.
        var isParked = false
        var isClosed = false
    }

    private enum Turn {
        case run, park, end
    }

    private let inbox = Lock(Inbox())
    private let wake = Semaphore()
    /// Whether the inbox is worth a look; only a hint, for the lock decides.
    private let hasPost = Atomic(false)
    /// The thread's identity while it runs.
    ///
    /// No other thread that is alive has it, so only the thread itself finds that it is its own, whatever the order of
    /// memory.
    private let thread = Atomic<pthread_t>(0)

    /// Only the thread touches it, between ``run(as:)`` and the end of that; then the last reference frees it.
    nonisolated(unsafe) private let own: UnsafeMutablePointer<Deque<UnownedJob>>

    init() {
        own = .allocate(capacity: 1)
        own.initialize(to: [])
    }

    deinit {
        own.deinitialize(count: 1)
        own.deallocate()
    }

    /// Adds a job, from any thread.
    func enqueue(_ job: UnownedJob) {
        if thread.load(ordering: .relaxed) == pthread_self() {
            own.pointee.append(job)
            return
        }
        inbox.withLock { inbox in
            inbox.jobs.append(job)
            hasPost.store(true, ordering: .relaxed)
            wake(&inbox)
        }
        // Nothing of this object is used from here on: the job may have ended what kept it alive.
    }

    /// Lets the thread end when it has nothing to run.
    func close() {
        inbox.withLock { inbox in
            inbox.isClosed = true
            wake(&inbox)
        }
    }

    /// Runs jobs on the calling thread until the loop is closed.
    ///
    /// - Parameter executor: What the jobs are told that they run on.
    func run(as executor: UnownedTaskExecutor) {
        thread.store(pthread_self(), ordering: .relaxed)
        defer { thread.store(0, ordering: .relaxed) }
        while true {
            while !hasPost.load(ordering: .relaxed), let job = own.pointee.popFirst() {
                job.runSynchronously(on: executor)
            }
            switch inbox.withLock({ next(&$0) }) {
            case .run: continue
            case .park: wake.wait()
            case .end: return
            }
        }
    }

    /// Puts what has come from outside behind the thread's own jobs, and says how to go on.
    private func next(_ inbox: inout Inbox) -> Turn {
        hasPost.store(false, ordering: .relaxed)
        while let job = inbox.jobs.popFirst() { own.pointee.append(job) }
        guard own.pointee.isEmpty else { return .run }
        guard !inbox.isClosed else { return .end }
        inbox.isParked = true
        return .park
    }

    /// Wakes the thread if it waits; inside the lock, so that the thread cannot be gone by then.
    private func wake(_ inbox: inout Inbox) {
        guard inbox.isParked else { return }
        inbox.isParked = false
        wake.signal()
    }
}
