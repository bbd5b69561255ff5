import SluiceHTTP

/// How long a server asks to be left alone.
///
/// RFC 9110, section 10.2.3: seconds, or a date in one of the three forms of section 5.6.7.
enum RetryAfter {
    /// More than an hour is taken as an hour: the server may be back earlier than it thought.
    static let longest = 3600

    /// Reads the header.
    ///
    /// - Parameters:
    ///   - value: What stands there.
    ///   - second: Now, since 1970.
    /// - Returns: `nil` if it cannot be understood; zero for a date that is over.
    static func duration(_ value: String, second: Int) -> Duration? {
        let text = value.drop { $0 == " " }
        let first = text.prefix { $0 != " " }
        if first == text.trimmingSuffix, first.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        {
            guard !first.isEmpty else { return nil }
            return .seconds(min(longest, Int(first) ?? longest))
        }
        return date(text).map { .seconds(max(0, min(longest, $0 - second))) }
    }

    /// The three forms differ in where the year stands and in what separates the parts.
    private static func date(_ text: Substring) -> Int? {
        let words = text.split { " ,-".contains($0) }
        let parts: (day: Substring, month: Substring, year: Substring, time: Substring)
        switch words.count {
        case 6 where words[5] == "GMT": parts = (words[1], words[2], words[3], words[4])
        case 5: parts = (words[2], words[1], words[4], words[3])
        default: return nil
        }
        let clock = parts.time.split(separator: ":", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard let day = Int(parts.day), (1...31).contains(day), let month = months.firstIndex(of: String(parts.month)),
            var year = Int(parts.year), (0...9999).contains(year), clock.count == 3, (0...23).contains(clock[0]),
            (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        // Two digits: the form is from the last century, the dates are not.
        if parts.year.count == 2 { year += 2000 }
        return daysSince1970(year, month + 1, day) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // Years begin in March here, so that the leap day is their last.
        let years = month > 2 ? year : year - 1
        let months = (month + 9) % 12
        return 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 1 - 719_468
    }
}

extension Substring {
    fileprivate var trimmingSuffix: Substring {
        var result = self
        while result.last == " " { result.removeLast() }
        return result
    }
}
