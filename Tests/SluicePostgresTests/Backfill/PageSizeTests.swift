import Testing

@testable import SluicePostgres

@Suite struct PageSizeTests {
    @Test("I88: pages shrink when they are slow or time out, and grow again when they are quick")
    func adapts() {
        var size = PageSize(most: 8000)
        #expect(size.rows == 1000)
        size.took(.seconds(2))
        #expect(size.rows == 500)
        size.timedOut()
        #expect(size.rows == 125)
        size.took(.milliseconds(500))
        #expect(size.rows == 125)
        for _ in 0..<10 { size.took(.milliseconds(1)) }
        #expect(size.rows == 8000)
        for _ in 0..<20 { size.timedOut() }
        #expect(size.rows == 1)
    }

    @Test func fitsWideRowsIntoAPage() {
        var size = PageSize(most: 8000)
        size.took(.milliseconds(1), share: 1.0, count: 100)
        #expect(size.rows == 75)
        size.took(.milliseconds(1), share: 3.0, count: 1)
        #expect(size.rows == 1)
        size.took(.milliseconds(1), share: 0.001, count: 1)
        #expect(size.rows == 2)
    }
}
