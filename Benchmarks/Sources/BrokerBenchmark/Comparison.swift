/// Lets contenders handle the same messages by turns, and prints the medians of what they reach.
public struct Comparison {
    /// How many messages there are: the first argument, or 300,000.
    public let count: Int
    /// The second argument, or 5.
    private let rounds: Int
    private let unit: String

    /// Reads the arguments.
    ///
    /// - Parameter unit: What the messages are called.
    public init(of unit: String) {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        count = arguments.first ?? 300_000
        rounds = arguments.dropFirst().first ?? 5
        self.unit = unit
    }

    /// Measures.
    ///
    /// - Parameters:
    ///   - size: Of a message, in bytes.
    ///   - contenders: Each handles all messages.
    ///   - prepare: Makes a reader, to whom all messages are new.
    ///   - left: How many messages the server counts as not acknowledged by a reader.
    /// - Throws: ``Failure``; what the others throw.
    public func run(
        size: Int,
        _ contenders: [Contender],
        prepare: (_ reader: String) throws -> Void,
        left: (_ reader: String) -> Int
    ) async throws {
        print("\(count) \(unit) of \(size) bytes, median of \(rounds) rounds")
        var rates = contenders.map { _ in [Double]() }
        for round in 0..<rounds {
            for (index, contender) in contenders.enumerated() {
                let reader = "\(round)-\(index)"
                try prepare(reader)
                let start = ContinuousClock.now
                try await contender.run(reader)
                // An acknowledgement that nobody waits for may be under way. It is part of the work.
                let end = ContinuousClock.now + .seconds(2)
                while left(reader) != 0 {
                    guard ContinuousClock.now < end else {
                        throw Failure("\(contender.name) has not acknowledged everything")
                    }
                    try await Task.sleep(for: .milliseconds(1))
                }
                rates[index].append(Double(count) / ((ContinuousClock.now - start) / .seconds(1)))
            }
        }
        let medians = rates.map { $0.sorted()[rounds / 2] }
        let best = zip(contenders, medians).filter(\.0.isBare).map(\.1).max() ?? 1
        for (contender, rate) in zip(contenders, medians) {
            let name = contender.name + String(repeating: " ", count: max(40 - contender.name.count, 0))
            print("\(name) \(Int(rate)) \(unit)/s  \(Int(rate / best * 100)) % of the best bare loop")
        }
    }
}
