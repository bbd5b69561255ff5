import Foundation
import SluiceTesting
import Testing

@testable import SluicePostgres

@Suite struct CommitTimeTests {
    private func text(_ microseconds: Int64) -> String {
        var writer = ByteWriter(capacity: 0)
        writer.appendCommitTime(microseconds)
        return String(decoding: writer.bytes(in: 0..<writer.count), as: UTF8.self)
    }

    @Test func tellsKnownTimes() {
        #expect(text(0) == "2000-01-01T00:00:00.000000Z")
        #expect(text(-1) == "1999-12-31T23:59:59.999999Z")
        #expect(text(59 * 86_400_000_000) == "2000-02-29T00:00:00.000000Z")
        #expect(text(-730_485 * 86_400_000_000) == "0000-01-01T00:00:00.000000Z")
    }

    @Test func readsEveryTimeThatCanBeSent() {
        #expect(text(.min).hasPrefix("-290278-"))
        #expect(text(.max).hasPrefix("294277-"))
    }

    @Test func agreesWithFoundation() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        var random = SeededGenerator(seed: 4)
        for _ in 0..<2000 {
            let seconds = Int64.random(in: -10_000_000_000...20_000_000_000, using: &random)
            let date = Date(timeIntervalSince1970: Double(seconds + 946_684_800))
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
            let expected = [parts.year!, parts.month!, parts.day!, parts.hour!, parts.minute!, parts.second!]
            let found = text(seconds * 1_000_000 + 7).split(whereSeparator: { "-T:.Z".contains($0) }).compactMap {
                Int($0)
            }
            #expect(found == expected + [7])
        }
    }
}
