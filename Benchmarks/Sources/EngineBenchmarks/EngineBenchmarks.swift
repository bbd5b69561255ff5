/// Sluice and `AsyncChannel` carry the same numbers in arrays of the same size, through graphs of the same shape.
///
/// A plain program and no benchmark plugin, because what counts is the ratio of two peers on the same machine at the
/// same time: they take turns, round by round.
@main
struct EngineBenchmarks {
    static func main() async throws {
        let shapes: [any Shape] = [ProducerToConsumer(), FourMappers(), TwoWorkers()]
        print("Engine: millions of events per second, median of \(Comparison.rounds) rounds by turns")
        print(Comparison.heading)
        for shape in shapes {
            print(try await Comparison(shape).row)
        }
    }
}
