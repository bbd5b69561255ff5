import AsyncAlgorithms
import OpenCombine
import Sluice

extension Shape {
    /// Subscribing to a source that emits nothing yet, and cancelling: an event is one such pair.
    static func churn(_ name: String) -> Shape {
        Shape(name: name, expectedSum: { $0 }) { pairs in
            var arrival = Arrival()
            try await withStages { stages in
                let numbers = stages.start { Numbers<Int>(end: 0) }
                let sum = stages.start { Sum<Int>(Mailbox()) }
                try await sum.subscribe(to: numbers)
                for _ in 0..<pairs {
                    try await sum.subscribe(to: numbers).cancel()
                    arrival.add(1, of: 1)
                }
            }
            return arrival
        } peers: {
            // A task that begins to iterate, is cancelled, and has ended.
            Peer("AsyncChannel") { load in
                let channel = AsyncChannel<Int>()
                for _ in 0..<load.events {
                    await withTaskGroup(of: Void.self) { group in
                        group.addTask { for await _ in channel {} }
                        group.cancelAll()
                    }
                }
                return load.events
            }
            // No task, no hand-over: a subscriber is put into a list and taken out.
            Peer("OpenCombine") { load in
                let subject = PassthroughSubject<Int, Never>()
                for _ in 0..<load.events { subject.sink { _ in }.cancel() }
                return load.events
            }
        }
    }
}
