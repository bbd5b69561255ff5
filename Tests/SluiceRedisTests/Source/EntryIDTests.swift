import Testing

@testable import SluiceRedis

@Suite struct EntryIDTests {
    typealias ID = RedisStreamEntry.ID

    @Test(arguments: ["0-0", "1732242606000-17", "18446744073709551615-18446744073709551615"])
    func isReadAndWritten(_ text: String) throws {
        #expect(try #require(ID(text)).description == text)
    }

    @Test(arguments: [
        "", "-", "1", "1-", "-1", "1-2-3", "1--2", "+1-2", "1- 2", "1-2 ", "a-b", "18446744073709551616-0",
        "0-99999999999999999999",
    ])
    func whatIsNoIdentifierIsNotRead(_ text: String) {
        #expect(ID(text) == nil)
    }

    @Test func isOrderedAsTheStreamIs() {
        let ids = [ID(milliseconds: 9, number: 10), ID(milliseconds: 10, number: 9), ID(milliseconds: 10, number: 10)]
        #expect(ids.reversed().sorted() == ids)
    }

    @Test func isSentAsItsText() {
        var (asID, asText) = (RedisCommands(), RedisCommands())
        for text in ["0-0", "1732242606000-17", "18446744073709551615-18446744073709551615"] {
            asText.append(text)
            if let id = ID(text) { asID.append(id) }
        }
        #expect(asID.bytes == asText.bytes)
    }
}
