import Foundation
import SluiceTesting
import Testing

@testable import SluicePostgres

@Suite struct Base64Tests {
    @Test func agreesWithFoundation() {
        var random = SeededGenerator(seed: 5)
        for count in 0..<100 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            var writer = ByteWriter(capacity: 0)
            bytes.withUnsafeBytes { writer.appendBase64($0) }
            let text = String(decoding: writer.bytes(in: 0..<writer.count), as: UTF8.self)
            #expect(text == Data(bytes).base64EncodedString())
        }
    }

    @Test func encodesTheLongestKey() throws {
        var metadata = MetadataWriter(suffix: [])
        let header = TransactionHeader(commitLSN: LSN(rawValue: .max), commitTime: 0, xid: 0)
        metadata.begin(header, transaction: 0, index: .max)
        var writer = ByteWriter(capacity: 0)
        metadata.append(to: &writer, table: [], sub: .min)
        let text = String(decoding: writer.bytes(in: 0..<writer.count), as: UTF8.self)
        let key = Data("18446744073709551615:18446744073709551615:-2147483648".utf8).base64EncodedString()
        #expect(text.hasSuffix(#""commit_idx":18446744073709551615,"idempotency_key":"\#(key)","record_pks":"#))
    }
}
