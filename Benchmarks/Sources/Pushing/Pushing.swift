import Foundation

/// Carries events to a slow consumer in one of three ways, and prints what that costs, ten times a second.
///
/// One process for each way: so its memory and its processor time are its own.
@main
struct Pushing {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let mode = arguments.first.flatMap(Mode.init), let seconds = Double(arguments.dropFirst().first ?? "8")
        else {
            FileHandle.standardError.write(Data("Usage: Pushing call|cast|demand [SECONDS]\n".utf8))
            exit(2)
        }
        let handler = Handler()
        // A thread of its own, which no stage can keep from its samples.
        Thread.detachNewThread { sample(handler, for: seconds) }
        try await mode.run(handler)
    }

    /// Ends the process when it is done.
    private static func sample(_ handler: Handler, for seconds: Double) {
        print(Sample.heading)
        let start = ContinuousClock.now
        for tick in 0...Int(seconds * 10) {
            let due = start + .milliseconds(100 * tick)
            Thread.sleep(forTimeInterval: max(0, (due - .now) / .seconds(1)))
            print(Sample(handler, since: start).line)
        }
        exit(0)
    }
}
