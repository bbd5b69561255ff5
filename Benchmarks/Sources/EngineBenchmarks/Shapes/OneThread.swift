import Sluice

extension Shape {
    /// The same job on one thread of its own, next to its first peer: on the global pool, and on such a thread as well.
    func onOneThread() -> Shape {
        let (sluice, first) = (sluice, peers[0])
        return Shape(name: "1 thread: \(name)", expectedSum: expectedSum, reference: reference) { events in
            try await withTaskExecutorPreference(ThreadExecutor()) { try await sluice(events) }
        } peers: {
            first
            Peer("on 1 thread") { load in
                try await withTaskExecutorPreference(ThreadExecutor()) { try await first.run(load) }
            }
        }
    }
}
