import SluiceSinks
import Testing

@Suite struct PercentDecodingTests {
    @Test(arguments: [("", ""), ("a%41b", "aAb"), ("%C3%a4", "ä"), ("ä+1", "ä+1"), ("%25%32%35", "%25")])
    func decodes(_ text: String, _ expected: String) {
        #expect(text[...].percentDecoded == expected)
    }

    /// A sign is no digit, half a character no text, and a 0 would end the text in a C library.
    @Test(arguments: ["%", "a%4", "%+4", "%zz", "%C3", "%ff", "%00"])
    func refuses(_ text: String) {
        #expect(text[...].percentDecoded == nil)
    }
}
