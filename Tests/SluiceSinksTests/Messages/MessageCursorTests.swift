import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct MessageCursorTests {
    private func cursor(_ text: String) -> Cursor? {
        Array(text.utf8).withUnsafeBytes { Cursor(messageLine: $0) }
    }

    @Test(arguments: [
        at(0, 0), at(1, 2, 3), at(24_000_000, 17), at(.max, .max, .max), at(1, 2, -1), at(1, 2, .min), at(100, 0, 12),
        at(1000, 10),
    ])
    func readsWhatTheEncoderWrites(expected: Cursor) {
        #expect(cursor(String(line(expected).dropLast())) == expected)
    }

    @Test func refusesEveryPrefix() {
        let whole = Array(line(at(5, 1)).utf8.dropLast())
        for length in 0..<whole.count {
            #expect(whole[..<length].withUnsafeBytes { Cursor(messageLine: $0) } == nil, "\(length)")
        }
    }

    @Test func refusesEveryZeroByte() {
        let whole = Array(line(at(5, 1)).utf8.dropLast())
        for position in whole.indices {
            var torn = whole
            torn[position] = 0
            #expect(torn.withUnsafeBytes { Cursor(messageLine: $0) } == nil, "\(position)")
        }
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"metadata":{}}"#, #"{"idempotency_key":"MTox"}"#,
        #"{"metadata":{"idempotency_key":1}}"#, #"{"metadata":{"idempotency_key":"MTox"}"#,
        #"{"metadata":{"idempotency_key":"MTox"}}}"#, #"{"metadata":{"idempotency_key":"MTox"},}"#,
        #"{"metadata":{"idempotency_key":"MTox"}} {}"#, #"{"metadata":{"idempotency_key":"MTo"}}"#,
        #"{"metadata":{"x":{"idempotency_key":"MTox"}}}"#, #"{"x":{"idempotency_key":"MTox"}}"#,
        #"{"metadata":["idempotency_key","MTox"]}"#, #"[{"metadata":{"idempotency_key":"MTox"}}]"#,
        #"{"a":01,"metadata":{"idempotency_key":"MTox"}}"#, #"{"a":1.,"metadata":{"idempotency_key":"MTox"}}"#,
        #"{"a":-,"metadata":{"idempotency_key":"MTox"}}"#, #"{"a":1e,"metadata":{"idempotency_key":"MTox"}}"#,
        #"{"a":nul,"metadata":{"idempotency_key":"MTox"}}"#, #"{"a":"\x","metadata":{"idempotency_key":"MTox"}}"#,
        #"{"a":"\u12g4","metadata":{"idempotency_key":"MTox"}}"#, #"{a:1,"metadata":{"idempotency_key":"MTox"}}"#,
        #"{"a":[1,],"metadata":{"idempotency_key":"MTox"}}"#, #"{"a":[1},"metadata":{"idempotency_key":"MTox"}}"#,
        #"{"metadata":{"idempotency_key":"MTo="}}"#, #"{"metadata":{"idempotency_key":"OjE="}}"#,
        #"{"metadata":{"idempotency_key":"MToxOjE6MQ=="}}"#, #"{"metadata":{"idempotency_key":"=TTT"}}"#,
        // 1:1:-, 1:-1:1, 1:1:--1, 1:1:2147483648, 1:1:-2147483649
        #"{"metadata":{"idempotency_key":"MToxOi0="}}"#, #"{"metadata":{"idempotency_key":"MTotMTox"}}"#,
        #"{"metadata":{"idempotency_key":"MToxOi0tMQ=="}}"#,
        #"{"metadata":{"idempotency_key":"MToxOjIxNDc0ODM2NDg="}}"#,
        #"{"metadata":{"idempotency_key":"MToxOi0yMTQ3NDgzNjQ5"}}"#,
    ])
    func refuses(text: String) {
        #expect(cursor(text) == nil)
    }

    @Test(arguments: [
        #"{"metadata":{"idempotency_key":"MTox"}}"#,
        #" {"metadata":{"idempotency_key":"MTox"}}"#.trimmingPrefix(" ").description,
        #"{ "metadata" : { "idempotency_key" : "MTox" } } "#,
        #"{"a":[],"b":{},"c":[{"idempotency_key":"x"},[[]]],"metadata":{"y":{"z":1},"idempotency_key":"MTox"},"d":-0.5E+3}"#,
        #"{"metadata":{"idempotency_key":"MTox"},"a":"\u00e4\\\"\/\b\f\n\r\t"}"#,
        "{\"a\":" + String(repeating: "[", count: 9000) + String(repeating: "]", count: 9000)
            + #","metadata":{"idempotency_key":"MTox"}}"#,
    ])
    func accepts(text: String) {
        #expect(cursor(text) == at(1, 1))
    }
}
