import Testing

@testable import SluicePostgres

@Suite struct WatermarkTests {
    @Test(
        arguments: [
            [], [RowKey(["1"])], [RowKey(["1", "a:b"]), RowKey(["", "ä\n 5:x"])], [RowKey(["'\\"])],
        ] as [[RowKey]]
    )
    func comesBackAsItWasWritten(_ keys: [RowKey]) throws {
        let watermark = Watermark(run: 3, page: 9, table: 16_384, isLast: keys.isEmpty, keys: keys)
        #expect(Watermark(content: watermark.content.utf8) == watermark)
    }

    @Test(arguments: [
        "", "x", "1 2 3 4 5 6", "2 1 1 1 0 1\n", "1 1 1 1 0 0\n", "1 1 1 1 0 1\n5:abc", "1 1 1 1 0 2\n1:a",
    ])
    func refusesOtherContents(_ content: String) {
        #expect(Watermark(content: content.utf8) == nil)
    }

    @Test func everyKeyComesBackFromItsText() {
        for key in [RowKey(["1"]), RowKey(["", ""]), RowKey(["2:x", "é"])] { #expect(RowKey(text: key.text) == key) }
        #expect(RowKey(text: "") == nil)
        #expect(RowKey(text: "9:ab") == nil)
    }
}
