import Foundation

/// How one figure of one way went over time.
struct Series {
    let name: String
    let points: [(seconds: Double, value: Double)]

    /// What stands at the end of the line.
    let summary: Double
}

/// What one process has printed.
struct Run {
    private struct Sample {
        let seconds, events, cpuSeconds, residentBytes: Double
    }

    /// A rate is taken over at most so many samples, which are a tenth of a second apart, and at least the least.
    private static let window = (least: 3, most: 10)

    let name: String
    private let samples: [Sample]

    init(file: URL) throws {
        name = file.deletingPathExtension().lastPathComponent
        samples = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map { line in
            let values = line.split(separator: ",").compactMap { Double($0) }
            guard values.count == 4 else { throw BadLine(file: file.path, line: String(line)) }
            return Sample(seconds: values[0], events: values[1], cpuSeconds: values[2], residentBytes: values[3])
        }
        guard samples.count > Self.window.most else { throw BadLine(file: file.path, line: "too few lines") }
    }

    /// Thousands of events per second.
    var throughput: Series { rate { $0.events / 1000 } }

    /// Processor seconds per second.
    var cores: Series { rate(\.cpuSeconds) }

    /// Megabytes of resident memory; the summary is the last.
    var memory: Series {
        let points = samples.map { (seconds: $0.seconds, value: $0.residentBytes / 1e6) }
        return Series(name: name, points: points, summary: points.last?.value ?? 0)
    }

    /// The summary is the rate over the whole run.
    private func rate(_ value: (Sample) -> Double) -> Series {
        let points = samples.indices.dropFirst(Self.window.least).map { index in
            let before = samples[max(0, index - Self.window.most)]
            return (seconds: samples[index].seconds, value: slope(before, samples[index], value))
        }
        return Series(name: name, points: points, summary: slope(samples[0], samples[samples.count - 1], value))
    }

    private func slope(_ before: Sample, _ after: Sample, _ value: (Sample) -> Double) -> Double {
        (value(after) - value(before)) / (after.seconds - before.seconds)
    }
}

/// A file is not what `Pushing` prints.
struct BadLine: Error {
    let file: String
    let line: String
}
