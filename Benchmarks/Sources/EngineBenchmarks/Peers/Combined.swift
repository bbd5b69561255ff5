import Dispatch
import OpenCombine
import OpenCombineDispatch

/// OpenCombine's graphs: `receive(on:)` with a serial queue for each stage, as Combine's users hand over work.
///
/// The subscriber asks for so many arrays at first and for one more for each that it gets, which is what a window is:
/// without that, the queues would hold everything. There is no peer for several workers, a broadcast or a partition:
/// Combine's subjects drop what a subscriber has no demand for, and nothing lets subscribers share the values of one.
enum Combined<Event: Payload> {
    typealias Batches = AnyPublisher<[Event], Never>

    /// Makes each batch when it is asked for, on a queue of its own.
    static func numbers(_ load: Load) -> Batches {
        let starts = stride(from: 0, to: load.events, by: load.batch)
        return Publishers.Sequence<StrideTo<Int>, Never>(sequence: starts)
            .map { Event.events($0..<min(load.events, $0 + load.batch)) }
            .subscribe(on: DispatchQueue(label: "numbers").ocombine)
            .eraseToAnyPublisher()
    }

    /// Doubles each batch on a queue of its own.
    static func doubled(_ batches: Batches) -> Batches {
        batches
            .receive(on: DispatchQueue(label: "double").ocombine)
            .map { Event.doubled($0) }
            .eraseToAnyPublisher()
    }

    /// Adds up what comes, on a queue of its own, with so many arrays on their way.
    static func sum(_ window: Int, _ batches: () -> Batches) async -> Int {
        await withCheckedContinuation { continuation in
            batches()
                .receive(on: DispatchQueue(label: "sum").ocombine)
                .subscribe(CombinedSum<Event>(window: window) { continuation.resume(returning: $0) })
        }
    }
}

/// Adds up arrays, and asks for one more for each.
private final class CombinedSum<Event: Payload>: Subscriber {
    typealias Input = [Event]
    typealias Failure = Never

    private let window: Int
    private let finished: (Int) -> Void
    private var sum = 0

    init(window: Int, finished: @escaping (Int) -> Void) {
        self.window = window
        self.finished = finished
    }

    func receive(subscription: any Subscription) { subscription.request(.max(window)) }

    func receive(_ input: [Event]) -> Subscribers.Demand {
        sum &+= Event.sum(input)
        return .max(1)
    }

    func receive(completion: Subscribers.Completion<Never>) { finished(sum) }
}
