import AsyncAlgorithms

/// The parts of the channels' graphs; they do to each batch what the stages do.
enum Channels {
    /// Sends the numbers from 0 up to an end.
    static func sendNumbers(end: Int, batch: Int, to output: AsyncChannel<[Int]>) async {
        var next = 0
        while next < end {
            let upper = min(end, next + batch)
            await output.send(numbers(next..<upper))
            next = upper
        }
        output.finish()
    }

    /// Doubles what comes, until it ends.
    static func double(_ input: AsyncChannel<[Int]>, to output: AsyncChannel<[Int]>) async {
        for await events in input { await output.send(doubled(events)) }
    }

    /// Adds up what comes.
    static func sum(_ input: AsyncChannel<[Int]>) async -> Int {
        var sum = 0
        for await events in input { sum &+= events.reduce(0, &+) }
        return sum
    }
}
