import AsyncAlgorithms

/// The parts of the channels' graphs; they do to each batch what the stages do.
///
/// A task for each stage, an `AsyncChannel` of arrays between two: a send waits until the other side takes the array.
enum Channels<Event: Payload> {
    typealias Channel = AsyncChannel<[Event]>

    static func sendNumbers(_ load: Load, to outputs: [Channel]) async {
        await load.forEachBatch { range in
            let events = Event.events(range)
            for output in outputs { await output.send(events) }
        }
        for output in outputs { output.finish() }
    }

    /// Doubles what comes, until it ends.
    static func double(_ input: Channel, to output: Channel) async {
        for await events in input { await output.send(Event.doubled(events)) }
    }

    /// Adds up what comes.
    static func sum(_ input: Channel) async -> Int {
        var sum = 0
        for await events in input { sum &+= Event.sum(events) }
        return sum
    }

    /// Adds up what comes through several, each with a task of its own.
    static func sum(_ inputs: [Channel]) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            for input in inputs { group.addTask { await sum(input) } }
            return await group.reduce(0, &+)
        }
    }
}
