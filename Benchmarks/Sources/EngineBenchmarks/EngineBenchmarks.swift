import Foundation

/// Sluice and its peers carry the same events in arrays of the same size, through graphs of the same shape.
///
/// A plain program and no benchmark plugin, because what counts is the ratio of peers on the same machine at the same
/// time: they take turns, round by round.
@main
struct EngineBenchmarks {
    static func main() async throws {
        guard let options = try? Options(CommandLine.arguments.dropFirst()), !options.shapes.isEmpty else {
            FileHandle.standardError.write(Data((Options.usage + "\n").utf8))
            exit(2)
        }
        if options.list {
            for shape in options.shapes { print(shape.name) }
            return
        }
        if let events = options.alone {
            for shape in options.shapes { _ = try await shape.sluice(events) }
            return
        }
        if !options.json {
            print("Engine: millions of events per second, median of \(options.rounds) rounds by turns")
            print(Measurement.heading)
        }
        for shape in options.shapes {
            let measurement = try await Measurement(shape, rounds: options.rounds, seconds: options.seconds)
            print(options.json ? try measurement.json() : measurement.rows)
            // Each row shows when it is there, also in a pipe.
            fflush(nil)
        }
        if !options.json { print(Measurement.footnote) }
    }
}
