extension ByteWriter {
    /// Appends a time as RFC 3339 in UTC with microseconds, for example `2026-01-02T03:04:05.678901Z`.
    ///
    /// - Parameter microseconds: Since 2000-01-01 00:00 UTC.
    mutating func appendCommitTime(_ microseconds: Int64) {
        let day: Int64 = 86_400_000_000
        let time = microseconds % day
        // Division rounds towards zero; days are counted downwards before the epoch.
        let days = microseconds / day - (time < 0 ? 1 : 0)
        let (year, month, dayOfMonth) = Self.civilDate(daysSince2000: days)
        let inDay = UInt64(time < 0 ? time + day : time)
        if year < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(year.magnitude, width: 4)
        append(UInt8(ascii: "-"))
        appendDecimal(UInt64(month), width: 2)
        append(UInt8(ascii: "-"))
        appendDecimal(UInt64(dayOfMonth), width: 2)
        append(UInt8(ascii: "T"))
        appendDecimal(inDay / 3_600_000_000, width: 2)
        append(UInt8(ascii: ":"))
        appendDecimal(inDay / 60_000_000 % 60, width: 2)
        append(UInt8(ascii: ":"))
        appendDecimal(inDay / 1_000_000 % 60, width: 2)
        append(UInt8(ascii: "."))
        appendDecimal(inDay % 1_000_000, width: 6)
        append(UInt8(ascii: "Z"))
    }

    /// The date of the Gregorian calendar, reckoned backwards before its start.
    ///
    /// Years are counted from March, so that the leap day is a year's last and every month's start follows one formula.
    private static func civilDate(daysSince2000: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let daysPerEra: Int64 = 146_097
        let shifted = daysSince2000 + 730_425
        let era = (shifted >= 0 ? shifted : shifted - daysPerEra + 1) / daysPerEra
        let dayOfEra = shifted - era * daysPerEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
