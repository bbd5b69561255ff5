import SluicePostgres
import SluiceTesting
import Testing

@Suite struct MutationTests {
    private static let types: [UInt32] = [
        16, 20, 23, 701, 1700, 25, 17, 2950, 114, 3802, 1082, 1114, 1184, 1186, 1007, 1009, 3807, 1185, 1000,
    ]

    private static let texts = [
        "t", "12", "-5", "1.5e+10", "12.50", "Ada \"quoted\" \\ é🎉", "\\xdead", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "{\"a\": [1, \"x\\n\\ud83c\\udf89\", null]}", "{\"b\": {\"c\": true}}", "2026-01-02", "2026-01-02 03:04:05.5",
        "2026-01-02 03:04:05+00", "1 day", "{1,NULL,3}", "{a,\"b c\",\"q\\\"\"}", "{\"{\\\"a\\\": 1}\"}",
        "{\"2026-01-02 03:04:05+00\"}", "{t,f}",
    ]

    private static let relation = makeRelation(
        identity: "d",
        types.enumerated().map { (name: "c\($0)", type: $1, isIdentity: $0 < 2) }
    )

    private static var valid: [[UInt8]] {
        let values = texts.map { WireValue.text($0) }
        let nulls = texts.indices.map { $0 < 2 ? WireValue.text(texts[$0]) : .null }
        let holes = texts.indices.map { $0 % 3 == 2 ? WireValue.toast : .text(texts[$0]) }
        let start = { (type: Character) in WireBytes(type).integer(UInt32(1)) }
        return [
            start("I").tuple("N", values), start("U").tuple("N", holes),
            start("U").tuple("K", nulls).tuple("N", values),
            start("U").tuple("O", values).tuple("N", holes), start("D").tuple("K", nulls),
            start("D").tuple("O", values),
            WireBytes("T").integer(Int32(1)).integer(UInt8(0)).integer(UInt32(1)), .commit,
        ].map(\.bytes)
    }

    private static func mutate(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.removeSubrange(place...)
            case 3: bytes.remove(at: place)
            case 4: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
            case 5: bytes[place] = [0x22, 0x5C, 0x7B, 0x7D, 0x0A, 0x00, 0xFF, 0xC3].randomElement(using: &random)!
            default: bytes += bytes[place...]
            }
        }
        return bytes
    }

    @Test(arguments: 0..<10)
    func encodesWhateverArrives(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) &* 7919)
        var encoding = Encoding(Self.relation)
        let valid = Self.valid
        for round in 0..<200 {
            let messages = (0..<12).map { _ in Self.mutate(valid.randomElement(using: &random)!, &random) }
                .filter { !$0.isEmpty }
            let changes = encoding.encoder.encode(encoding.raw(messages))
            #expect(changes.count == messages.count)
            for change in changes {
                let isFine = areMessages(change.messageBytes, count: change.messageCount)
                #expect(isFine, "seed \(seed), round \(round): \(String(decoding: change.messageBytes, as: UTF8.self))")
            }
        }
    }

    @Test(arguments: 0..<4)
    func decodesOrRefusesWhateverArrives(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) &* 104_729)
        for _ in 0..<10_000 {
            let bytes = Self.mutate(WireBytes.all.randomElement(using: &random)!.bytes, &random)
            do throws(PgOutputError) {
                try decodeAny(bytes)
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
    }

    @Test func encodesEveryTruncation() {
        var encoding = Encoding(Self.relation)
        for message in Self.valid {
            let prefixes = (1..<message.count).map { Array(message.prefix($0)) }
            let changes = encoding.encoder.encode(encoding.raw(prefixes))
            #expect(changes.allSatisfy { $0.kind == .undecodable })
            #expect(changes.allSatisfy { areMessages($0.messageBytes, count: 1) })
        }
    }

    @Test func encodesTheValidOnes() {
        var encoding = Encoding(Self.relation)
        let changes = encoding.encoder.encode(encoding.raw(Self.valid))
        #expect(changes.allSatisfy { $0.kind != .undecodable })
        #expect(changes.allSatisfy { areMessages($0.messageBytes, count: $0.messageCount) })
    }
}
