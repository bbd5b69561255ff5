import Testing

@testable import SluiceSinks

@Suite struct CRC32CTests {
    /// The examples of RFC 3720, B.4, and the usual check value.
    @Test(
        "CAPTURE 18: the checksum is Castagnoli's",
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E),
            (Array((0..<32).reversed()), 0x113F_DB5C),
            (Array("123456789".utf8), 0xE306_9283),
            ([], 0),
        ] as [([UInt8], UInt32)]
    )
    func vectors(_ bytes: [UInt8], _ expected: UInt32) {
        #expect(bytes.withUnsafeBytes { CRC32C.checksum(of: $0) } == expected)
    }

    @Test("fed in pieces it is the same") func pieces() {
        let bytes = (0..<100).map { UInt8($0 * 7 & 0xFF) }
        let whole = bytes.withUnsafeBytes { CRC32C.checksum(of: $0) }
        for cut in 0...bytes.count {
            var checksum = CRC32C()
            bytes[..<cut].withUnsafeBytes { checksum.feed($0) }
            bytes[cut...].withUnsafeBytes { checksum.feed($0) }
            #expect(checksum.value == whole)
        }
    }
}
