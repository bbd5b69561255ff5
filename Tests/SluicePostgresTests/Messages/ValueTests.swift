import Foundation
import Testing

@testable import SluicePostgres

@Suite struct ValueTests {
    struct Case: CustomTestStringConvertible {
        let oid: UInt32
        let text: String
        let json: String

        init(_ oid: UInt32, _ text: String, _ json: String) {
            (self.oid, self.text, self.json) = (oid, text, json)
        }

        var testDescription: String { "\(oid): \(text)" }
    }

    static let scalars: [Case] = [
        Case(16, "t", "true"), Case(16, "f", "false"), Case(16, "yes", #""yes""#), Case(16, "", #""""#),
        Case(21, "-32768", "-32768"), Case(23, "0", "0"), Case(20, "9223372036854775807", "9223372036854775807"),
        Case(20, "-9223372036854775808", "-9223372036854775808"), Case(26, "4294967295", #""4294967295""#),
        Case(23, "", #""""#), Case(23, "-", #""-""#), Case(23, "007", #""007""#), Case(23, "1.5", #""1.5""#),
        Case(23, "12x", #""12x""#), Case(23, "123456789012345678901", #""123456789012345678901""#),
        Case(700, "1.5", "1.5"), Case(701, "1e+20", "1e+20"), Case(701, "1e-05", "1e-05"), Case(701, "-0", "-0"),
        Case(701, "NaN", #""NaN""#), Case(701, "Infinity", #""Infinity""#), Case(700, "-Infinity", #""-Infinity""#),
        Case(701, "1.", #""1.""#), Case(701, ".5", #"".5""#), Case(701, "1e", #""1e""#), Case(701, "01", #""01""#),
        Case(1700, "12345678901234567890.12", #""12345678901234567890.12""#), Case(1700, "NaN", #""NaN""#),
        Case(25, "plain", #""plain""#), Case(25, "", #""""#), Case(1043, "a\"b\\c/d", #""a\"b\\c/d""#),
        Case(
            25,
            "tab\tline\nreturn\rback\u{8}feed\u{C}bell\u{7}unit\u{1F}",
            #""tab\tline\nreturn\rback\bfeed\fbell\u0007unit\u001f""#
        ),
        Case(25, "\u{7F}é日本🎉\u{2028}", "\"\u{7F}é日本🎉\u{2028}\""), Case(1042, "ab   ", #""ab   ""#),
        Case(17, "\\xdeadbeef", #""\\xdeadbeef""#), Case(17, "\\x", #""\\x""#),
        Case(2950, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", #""a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11""#),
        Case(1082, "2026-01-02", #""2026-01-02""#), Case(1082, "infinity", #""infinity""#),
        Case(1082, "0044-03-15 BC", #""0044-03-15 BC""#), Case(1083, "24:00:00", #""24:00:00""#),
        Case(1266, "04:05:06.789-08", #""04:05:06.789-08""#),
        Case(1114, "2026-01-02 03:04:05.678901", #""2026-01-02T03:04:05.678901""#),
        Case(1114, "0044-03-15 00:00:00 BC", #""0044-03-15T00:00:00 BC""#),
        Case(1114, "294276-12-31 23:59:59.999999", #""294276-12-31T23:59:59.999999""#),
        Case(1114, "infinity", #""infinity""#), Case(1114, "-infinity", #""-infinity""#),
        Case(1114, "2026-01-02 03:04", #""2026-01-02 03:04""#),
        Case(1114, "2026-01-02 03:04:05\"", #""2026-01-02 03:04:05\"""#),
        Case(1114, "2026-01-02 03:04:05 AD", #""2026-01-02 03:04:05 AD""#),
        Case(1184, "2026-01-02 03:04:05+00", #""2026-01-02T03:04:05+00:00""#),
        Case(1184, "2026-01-02 03:04:05.5+05:30", #""2026-01-02T03:04:05.5+05:30""#),
        Case(1184, "1890-01-01 00:00:00+00:19:32", #""1890-01-01T00:00:00+00:19:32""#),
        Case(1184, "0044-03-15 00:00:00+00 BC", #""0044-03-15T00:00:00+00:00 BC""#),
        Case(1184, "-infinity", #""-infinity""#), Case(1184, "2026-01-02 03:04:05", #""2026-01-02 03:04:05""#),
        Case(1184, "2026-01-02 03:04:05+", #""2026-01-02 03:04:05+""#),
        Case(1186, "1 year 2 mons 3 days 04:05:06.7", #""1 year 2 mons 3 days 04:05:06.7""#),
        Case(869, "10.0.0.0/8", #""10.0.0.0/8""#), Case(3904, "[1,5)", #""[1,5)""#),
        Case(99_999, "(a,,\"b\")", #""(a,,\"b\")""#),
        Case(3802, #"{"a": [1, 2.5e3, null, true], "b": {}}"#, #"{"a": [1, 2.5e3, null, true], "b": {}}"#),
        Case(114, "{\n\t\"a\":\r\n1}", "{ \t\"a\":  1}"), Case(114, " [ ] ", " [ ] "), Case(114, "null", "null"),
        Case(114, #""é\u00e9\ud83c\udf89""#, #""é\u00e9\ud83c\udf89""#),
        Case(114, #"["\ud83c", "\udf89\\", "\ud83cx"]"#, #"["\ufffd", "\ufffd\\", "\ufffdx"]"#),
        Case(114, "", #""""#), Case(114, "{", #""{""#), Case(114, "{\"a\"}", #""{\"a\"}""#),
        Case(114, "[1,]", #""[1,]""#),
        Case(114, "1 2", #""1 2""#), Case(114, "[1}", #""[1}""#), Case(114, "{\"a\":1,}", #""{\"a\":1,}""#),
        Case(114, "\"a\nb\"", #""\"a\nb\"""#), Case(114, #""\x""#, #""\"\\x\"""#), Case(114, "tru", #""tru""#),
        Case(114, "nan", #""nan""#), Case(114, "\"\\u12\"", #""\"\\u12\"""#),
    ]

    static let arrays: [Case] = [
        Case(1007, "{}", "[]"), Case(1007, "{1,NULL,-3}", "[1,null,-3]"), Case(1007, "{{1,2},{3,4}}", "[[1,2],[3,4]]"),
        Case(1016, "[0:1]={5,6}", "[5,6]"), Case(1016, "[-1:0][2:3]={{1,2},{3,4}}", "[[1,2],[3,4]]"),
        Case(1009, #"{a,"b c","NULL",NULL,"","q\"\\z","{x,y}"}"#, #"["a","b c","NULL",null,"","q\"\\z","{x,y}"]"#),
        Case(1015, "{{{a}}}", #"[[["a"]]]"#), Case(1014, #"{"ab  "}"#, #"["ab  "]"#), Case(1002, "{a}", #"["a"]"#),
        Case(1003, "{pg_catalog}", #"["pg_catalog"]"#), Case(1000, "{t,f,NULL}", "[true,false,null]"),
        Case(1005, "{1}", "[1]"), Case(1028, "{26}", #"["26"]"#), Case(1021, "{1.5,NaN}", #"[1.5,"NaN"]"#),
        Case(1022, "{1e+20,-Infinity}", #"[1e+20,"-Infinity"]"#), Case(1231, "{1.50,NaN}", #"["1.50","NaN"]"#),
        Case(1001, #"{"\\xdead"}"#, #"["\\xdead"]"#),
        Case(2951, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", #"["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]"#),
        Case(199, #"{"{\"a\": 1}",2,"null",NULL}"#, #"[{"a": 1},2,null,null]"#),
        Case(3807, #"{"{\"a\": \"x\\\\\"y\"}"}"#, #"["{\"a\": \"x\\\\\"y\"}"]"#),
        Case(3807, #"{"{\"a\": \"\\\\n\"}"}"#, #"[{"a": "\\n"}]"#),
        Case(1182, "{2026-01-02,infinity}", #"["2026-01-02","infinity"]"#), Case(1183, "{04:05:06}", #"["04:05:06"]"#),
        Case(1270, "{04:05:06+00}", #"["04:05:06+00"]"#),
        Case(1115, #"{"2026-01-02 03:04:05",infinity}"#, #"["2026-01-02T03:04:05","infinity"]"#),
        Case(1185, #"{"2026-01-02 03:04:05+00"}"#, #"["2026-01-02T03:04:05+00:00"]"#),
        Case(1187, #"{"1 day"}"#, #"["1 day"]"#), Case(1041, "{10.0.0.1}", #"["10.0.0.1"]"#),
        Case(1007, "{1,x}", #"[1,"x"]"#),
        Case(1007, "", #""""#), Case(1007, "{", #""{""#), Case(1007, "{1", #""{1""#), Case(1007, "{1,}", #""{1,}""#),
        Case(1007, "{,1}", #""{,1}""#), Case(1007, "{1}}", #""{1}}""#), Case(1007, "{1}2", #""{1}2""#),
        Case(1007, "{1,{2}}", #""{1,{2}}""#), Case(1007, "{{1},2}", #""{{1},2}""#), Case(1007, "[0:1]", #""[0:1]""#),
        Case(1009, #"{"a}"#, #""{\"a}""#), Case(1009, #"{"a\"#, #""{\"a\\""#), Case(1009, #"{a"b}"#, #""{a\"b}""#),
        Case(1009, "1", #""1""#), Case(1020, "{(1,1),(0,0);(2,2),(1,1)}", #""{(1,1),(0,0);(2,2),(1,1)}""#),
        Case(99_998, "{happy,sad}", #""{happy,sad}""#),
    ]

    private func encode(_ oid: UInt32, _ text: [UInt8]) -> String {
        var writer = ByteWriter(capacity: 0)
        text.withUnsafeBytes { writer.appendValue($0, as: ValueForm(typeOID: oid)) }
        return String(decoding: writer.bytes(in: 0..<writer.count), as: UTF8.self)
    }

    @Test(arguments: scalars + arrays)
    func encodes(_ value: Case) throws {
        let json = encode(value.oid, Array(value.text.utf8))
        #expect(json == value.json)
        _ = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    }

    @Test func repairsBrokenUTF8() {
        #expect(encode(25, [0x61, 0xFF, 0x62, 0xC3]) == "\"a\u{FFFD}b\u{FFFD}\"")
        #expect(encode(25, [0xED, 0xA0, 0x80]) == "\"\u{FFFD}\u{FFFD}\u{FFFD}\"")
        #expect(encode(25, [0xF0, 0x9F, 0x8E]) == "\"\u{FFFD}\"")
        #expect(encode(114, [0x22, 0xFF, 0x22]) == "\"\u{FFFD}\"")
        #expect(encode(114, [0x22, 0xC3, 0x22]) == "\"\u{FFFD}\"")
        #expect(encode(114, [0xFF]) == "\"\u{FFFD}\"")
        #expect(encode(1009, [0x7B, 0xC3, 0x2C, 0x61, 0x7D]) == "[\"\u{FFFD}\",\"a\"]")
    }

    @Test(arguments: [1, 63, 64, 65, 127, 128, 129, 1000])
    func embedsDeepJSON(_ depth: Int) {
        let arrays = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(encode(114, Array(arrays.utf8)) == arrays)
        let mixed =
            String(repeating: "{\"a\":[", count: depth) + "1" + String(repeating: "]}", count: depth)
        #expect(encode(114, Array(mixed.utf8)) == mixed)
        let wrong = String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth - 1) + "}"
        #expect(encode(114, Array(wrong.utf8)) == "\"\(wrong)\"")
    }
}
