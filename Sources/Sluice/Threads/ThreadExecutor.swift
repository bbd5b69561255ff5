/// Runs tasks on one thread of its own, one job after the other, in the order in which they became ready.
///
/// It is for graphs whose stages do little with each batch. On the global pool a batch wakes another thread, which costs
/// about 5 microseconds; here it costs an entry in a queue that only this thread touches. It is wrong for stages that
/// compute for long: everything on the executor shares one core.
///
/// A whole graph, with the closure that wires it:
///
/// ```swift
/// try await withTaskExecutorPreference(ThreadExecutor()) {
///     try await withStages { stages in ... }
/// }
/// ```
///
/// or some of its stages, while the others stay on the pool: ``Stages/on(_:)``.
///
/// Child tasks, sleeps on a clock and actors without an executor of their own stay on the thread, as SE-0417 says; a
/// `Task { }` does not. Priorities are ignored. A call that blocks the thread holds up everything that runs on it.
///
/// The thread begins with the executor and ends, after the jobs that it has, when nobody refers to the executor any more:
/// nothing needs to be closed. A task keeps its executor alive.
public final class ThreadExecutor: TaskExecutor {
    let loop = ThreadLoop()

    /// Starts the thread.
    public init() {
        let executor = asUnownedTaskExecutor()
        // The thread holds the loop and not this object, which would otherwise never go away.
        startThread { [loop] in loop.run(as: executor) }
    }

    deinit {
        loop.close()
    }

    /// Adds a job; the runtime calls it.
    public func enqueue(_ job: consuming ExecutorJob) {
        loop.enqueue(UnownedJob(job))
    }
}
