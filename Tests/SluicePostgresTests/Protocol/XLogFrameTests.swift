import SluicePostgres
import Testing

@Suite struct XLogFrameTests {
    private let data = WireBytes("w").integer(UInt64(1)).integer(UInt64(2)).integer(Int64(-3)).adding([0x49, 0x50])
    private let keepalive = WireBytes("k").integer(UInt64(5)).integer(Int64(6)).integer(UInt8(1))

    @Test func readsData() throws {
        let frame = try decode(data.bytes, XLogFrame.init(decoding:))
        #expect(
            frame == .data(start: LSN(rawValue: 1), end: LSN(rawValue: 2), sendTime: -3, payload: 25..<27)
        )
    }

    @Test func readsAKeepalive() throws {
        let frame = try decode(keepalive.bytes, XLogFrame.init(decoding:))
        #expect(frame == .keepalive(walEnd: LSN(rawValue: 5), time: 6, replyRequested: true))
    }

    @Test func refusesEveryPrefixThatIsTooShort() {
        for count in 0..<25 {
            #expect(throws: PgOutputError.self) {
                try decode(Array(data.bytes.prefix(count)), XLogFrame.init(decoding:))
            }
        }
        for count in 0..<18 {
            #expect(throws: PgOutputError.self) {
                try decode(Array(keepalive.bytes.prefix(count)), XLogFrame.init(decoding:))
            }
        }
    }

    @Test func refusesUnknownTypesAndTrailingBytes() {
        #expect(
            code { () throws(PgOutputError) in _ = try decode([0x78, 1, 2], XLogFrame.init(decoding:)) }
                == .unknownMessage
        )
        let long = keepalive.adding([0]).bytes
        #expect(code { () throws(PgOutputError) in _ = try decode(long, XLogFrame.init(decoding:)) } == .trailing)
    }

    @Test func encodesAStatus() {
        let status = StandbyStatus(
            written: LSN(rawValue: 0x0102_0304_0506_0708),
            flushed: LSN(rawValue: 2),
            applied: LSN(rawValue: 3),
            clientTime: -1,
            replyRequested: true
        )
        let expected = WireBytes("r").integer(UInt64(0x0102_0304_0506_0708)).integer(UInt64(2)).integer(UInt64(3))
            .integer(Int64(-1)).integer(UInt8(1)).bytes
        #expect(status.encoded == expected)
        #expect(status.encoded.count == StandbyStatus.encodedLength)
    }
}
