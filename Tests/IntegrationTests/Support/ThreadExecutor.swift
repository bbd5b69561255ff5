import SluicePostgres
import Synchronization

/// Runs a task on a thread of its own, so that a test may block without holding one of the cooperative pool's threads.
///
/// The task keeps its task-local values, so expectations know their test.
final class ThreadExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wake = Semaphore()

    init() {
        startThread { [self] in
            while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    /// Lets the thread end.
    func close() {
        state.withLock { $0.isClosed = true }
        wake.signal()
    }

    private func next() -> UnownedJob? {
        while true {
            wake.wait()
            let (job, isClosed) = state.withLock { ($0.jobs.isEmpty ? nil : $0.jobs.removeFirst(), $0.isClosed) }
            if let job { return job }
            if isClosed { return nil }
        }
    }
}
