import Testing

@testable import Sluice

@Suite struct DemandWindowTests {
    struct Example: CustomTestStringConvertible, Sendable {
        var message: Int
        var min: Int
        var max: Int
        var before: Int
        /// Size and ask of each chunk.
        var chunks: [[Int]]
        var after: Int

        var testDescription: String { "\(message) events, \(min)...\(max), demand \(before)" }
    }

    /// GenStage's worked numbers.
    static let examples = [
        Example(message: 1000, min: 500, max: 1000, before: 1000, chunks: [[500, 500], [500, 500]], after: 1000),
        Example(
            message: 100,
            min: 80,
            max: 100,
            before: 100,
            chunks: [[20, 20], [20, 20], [20, 20], [20, 20], [20, 20]],
            after: 100
        ),
        Example(message: 100, min: 20, max: 100, before: 100, chunks: [[80, 80], [20, 0]], after: 80),
        Example(message: 80, min: 20, max: 100, before: 80, chunks: [[80, 100]], after: 100),
        Example(message: 1, min: 0, max: 1, before: 1, chunks: [[1, 1]], after: 1),
        Example(message: 3, min: 0, max: 4, before: 4, chunks: [[3, 0]], after: 1),
        Example(
            message: 700,
            min: 300,
            max: 600,
            before: 600,
            chunks: [[300, 300], [300, 300], [100, 0]],
            after: 600
        ),
        Example(message: 100, min: 750, max: 1000, before: 1000, chunks: [[100, 0]], after: 900),
        Example(message: 100, min: 750, max: 1000, before: 900, chunks: [[100, 0]], after: 800),
        Example(message: 100, min: 750, max: 1000, before: 800, chunks: [[100, 300]], after: 1000),
    ]

    @Test(arguments: examples) func cutsAndAsksAsGenStageDoes(_ example: Example) {
        var window = DemandWindow(min: example.min, max: example.max, demand: example.before)
        let excess = max(0, example.message - example.before)
        var remaining = example.message
        var chunks: [[Int]] = []
        while remaining > 0 {
            let chunk = window.nextChunk(of: remaining, excess: excess)
            chunks.append([chunk.size, chunk.ask])
            remaining -= chunk.size
        }
        #expect(chunks == example.chunks)
        #expect(window.demand == example.after)
    }
}
