import Foundation
import SluiceTesting
import Testing

@testable import SluicePostgres

@Suite struct EscapingTests {
    /// What the escaping must be, character by character.
    private func reference(_ bytes: [UInt8]) -> [UInt8] {
        var result = "\""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{8}": result += "\\b"
            case "\t": result += "\\t"
            case "\n": result += "\\n"
            case "\u{C}": result += "\\f"
            case "\r": result += "\\r"
            case "\0"..."\u{1F}": result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return Array((result + "\"").utf8)
    }

    private func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: 0)
        bytes.withUnsafeBytes { writer.appendString($0) }
        return writer.bytes(in: 0..<writer.count)
    }

    @Test func escapesEveryByteAtEveryPlaceOfAWord() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<17 {
                var text = [UInt8](repeating: 0x61, count: 17)
                text[place] = byte
                #expect(escaped(text) == reference(text), "\(byte) at \(place)")
            }
        }
    }

    @Test(arguments: 0..<8)
    func agreesWithTheReference(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let interesting: [UInt8] = [
            0x22, 0x5C, 0x0A, 0x1F, 0x20, 0x7F, 0x80, 0xBF, 0xC2, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xFF, 0xA0, 0x9F,
            0x90,
            0x8F,
        ]
        for _ in 0..<2000 {
            let isCalm = Bool.random(using: &random)
            let text = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                switch Int.random(in: 0...(isCalm ? 40 : 4), using: &random) {
                case 0: interesting.randomElement(using: &random)!
                case 1: UInt8.random(in: .min ... .max, using: &random)
                default: UInt8.random(in: 0x61...0x7A, using: &random)
                }
            }
            #expect(escaped(text) == reference(text), "seed \(seed): \(text)")
        }
    }

    @Test func keepsEveryCharacter() {
        var text = ""
        for value in stride(from: 0 as UInt32, through: 0x10FFFF, by: 97) {
            if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
        }
        #expect(escaped(Array(text.utf8)) == reference(Array(text.utf8)))
    }

    @Test(arguments: 0..<4)
    func judgesJSONAsFoundationDoes(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(1000 + seed))
        let tokens = [
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"\\n\"", "1", "-0.5e-1", "true", "null", " ", "01", "\\",
        ]
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 1...9, using: &random)).map { _ in tokens.randomElement(using: &random)! }
                .joined()
            let isJSON = Array(text.utf8).withUnsafeBytes { JSONText($0) != nil }
            let data = Data(text.utf8)
            let expected = (try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)) != nil
            #expect(isJSON == expected, "seed \(seed): \(text)")
        }
    }
}
