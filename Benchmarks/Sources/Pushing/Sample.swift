import Foundation

/// What the process has done and has by now.
struct Sample {
    /// The columns of ``line``.
    static let heading = "seconds,events,cpuSeconds,residentBytes"

    let line: String

    init(_ handler: Handler, since start: ContinuousClock.Instant) {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let used = Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
        line = String(format: "%.3f,%d,%.3f,%d", seconds, handler.handled, used, Self.residentBytes)
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    private static var residentBytes: Int {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .ascii))?.split(separator: " ")
        return (pages?.dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }
}
