/// The parts of the graphs in which everybody pushes and nobody waits.
///
/// A task for each stage, an unbounded `AsyncStream` of arrays between two. Whatever the consumer has not taken yet is
/// memory. A bounded `AsyncStream` is no peer: it drops what does not fit, so it does not do the job.
enum Casts<Event: Payload> {
    typealias Stream = AsyncStream<[Event]>
    typealias Input = Stream.Continuation

    static func pushNumbers(_ load: Load, to outputs: [Input]) async {
        await load.forEachBatch { range in
            let events = Event.events(range)
            for output in outputs { output.yield(events) }
        }
        for output in outputs { output.finish() }
    }

    /// Doubles what comes, until it ends.
    static func double(_ input: Stream, to output: Input) async {
        for await events in input { output.yield(Event.doubled(events)) }
    }

    /// Adds up what comes.
    static func sum(_ input: Stream) async -> Int {
        var sum = 0
        for await events in input { sum &+= Event.sum(events) }
        return sum
    }

    /// Adds up what comes through several, each with a task of its own.
    static func sum(_ inputs: [Stream]) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for input in inputs { group.addTask { await sum(input) } }
            return await group.reduce(0, &+)
        }
    }
}
