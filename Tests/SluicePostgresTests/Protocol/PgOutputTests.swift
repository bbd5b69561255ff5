import SluicePostgres
import Testing

@Suite struct PgOutputTests {
    @Test func readsBegin() throws {
        let begin = try decode(WireBytes.begin.bytes, Begin.init(decoding:))
        #expect(begin.header == TransactionHeader(commitLSN: LSN(rawValue: 0x16B_3748), commitTime: 123_456, xid: 77))
    }

    @Test func readsCommit() throws {
        let commit = try decode(WireBytes.commit.bytes, Commit.init(decoding:))
        #expect(commit.commitLSN == LSN(rawValue: 0x16B_3748))
        #expect(commit.endLSN == LSN(rawValue: 0x16B_3778))
        #expect(commit.commitTime == 123_456)
    }

    @Test func readsOriginAndType() throws {
        let origin = try decode(WireBytes.origin.bytes, Origin.init(decoding:))
        #expect(origin.name == "elsewhere")
        #expect(origin.commitLSN == LSN(rawValue: 9))
        let type = try decode(WireBytes.type.bytes, TypeName.init(decoding:))
        #expect(type.oid == 16_400)
        #expect(type.schema == "public")
        #expect(type.name == "mood")
    }

    @Test func readsALogicalMessage() throws {
        let message = try decode(WireBytes.message.bytes, LogicalMessage.init(decoding:))
        #expect(message.isTransactional)
        #expect(message.lsn == LSN(rawValue: 10))
        #expect(message.prefix == "app")
        #expect(Array(WireBytes.message.bytes[message.content]) == [1, 2, 3])
    }

    @Test func readsTruncate() throws {
        let truncate = try decode(WireBytes.truncate.bytes, Truncate.init(decoding:))
        #expect(truncate.relationOIDs == [1, 2])
        #expect(truncate.isCascading)
        #expect(truncate.restartsIdentity)
    }

    @Test func readsTheMessagesOfStreamedTransactions() throws {
        let start = try decode(WireBytes.streamStart.bytes, StreamStart.init(decoding:))
        #expect(start.xid == 77 && start.isFirst)
        let abort = try decode(WireBytes.streamAbort.bytes, StreamAbort.init(decoding:))
        #expect(abort.xid == 77 && abort.subxid == 79 && !abort.isWhole)
        let commit = try decode(WireBytes.streamCommit.bytes, StreamCommit.init(decoding:))
        #expect(commit.header == (try decode(WireBytes.begin.bytes, Begin.init(decoding:))).header)
        #expect(commit.endLSN == LSN(rawValue: 0x16B_3778))
    }

    @Test func aStreamCommitHasTheCommitOfVersion1() throws {
        let commit = try decode(WireBytes.streamCommit.bytes) { bytes throws(PgOutputError) in
            StreamCommit.commit(of: bytes)
        }
        #expect(commit == WireBytes.commit.bytes)
    }

    @Test func tellsKindsByTheFirstByte() throws {
        let kinds: [(WireBytes, PgOutput.Kind)] = [
            (.begin, .begin), (.commit, .commit), (.origin, .origin), (.relation, .relation), (.type, .type),
            (.insert, .insert), (.update, .update), (.delete, .delete), (.truncate, .truncate), (.message, .message),
            (.streamStart, .streamStart), (.streamStop, .streamStop), (.streamCommit, .streamCommit),
            (.streamAbort, .streamAbort),
        ]
        for (message, kind) in kinds {
            #expect(try decode(message.bytes, PgOutput.kind(of:)) == kind)
        }
        #expect(code { () throws(PgOutputError) in try decodeAny([0x3F]) } == .unknownMessage)
        #expect(code { () throws(PgOutputError) in try decodeAny([]) } == .truncated)
    }

    @Test(arguments: WireBytes.all.indices)
    func failsAtEveryTruncation(_ index: Int) throws {
        let bytes = WireBytes.all[index].bytes
        try decodeAny(bytes)
        for count in 0..<bytes.count {
            #expect(throws: PgOutputError.self, "cut to \(count) bytes") { try decodeAny(Array(bytes.prefix(count))) }
        }
        #expect(code { () throws(PgOutputError) in try decodeAny(bytes + [0]) } == .trailing)
    }

    @Test func refusesAnotherMessagesType() {
        #expect(
            code { () throws(PgOutputError) in _ = try decode(WireBytes.commit.bytes, Begin.init(decoding:)) }
                == .unknownMessage
        )
        #expect(
            code { () throws(PgOutputError) in _ = try decode(WireBytes.begin.bytes, RowMessage.init(decoding:)) }
                == .unknownMessage
        )
    }

    @Test func refusesLengthsThatCannotBe() {
        let start = WireBytes("I").integer(UInt32(1)).byte("N")
        let cases: [(WireBytes, PgOutputError.Code)] = [
            (start.integer(Int16(-1)), .negative),
            (start.integer(Int16.max), .truncated),
            (start.integer(Int16(1)).byte("t").integer(Int32(-1)), .negative),
            (start.integer(Int16(1)).byte("t").integer(Int32.max), .truncated),
            (start.integer(Int16(1)).byte("t").integer(Int32.min), .negative),
            (start.integer(Int16(1)).byte("b").integer(Int32(5)).adding([1]), .truncated),
            (start.integer(Int16(1)).byte("x"), .unknownValue),
            (WireBytes("T").integer(Int32(-1)).integer(UInt8(0)), .negative),
            (WireBytes("T").integer(Int32(0)).integer(UInt8(0)), .unknownValue),
            (WireBytes("T").integer(Int32.max).integer(UInt8(0)).integer(UInt32(1)), .truncated),
            (WireBytes("M").integer(UInt8(0)).integer(UInt64(0)).text("").integer(Int32(-2)), .negative),
            (WireBytes("M").integer(UInt8(0)).integer(UInt64(0)).text("").integer(Int32.max), .truncated),
            (WireBytes("R").integer(UInt32(1)).text("s").text("t").byte("d").integer(Int16(-2)), .negative),
            (WireBytes("R").integer(UInt32(1)).text("s").text("t").byte("x").integer(Int16(0)), .unknownValue),
            (WireBytes("O").integer(UInt64(1)).adding([0x61]), .unterminated),
            (WireBytes("I").integer(UInt32(1)).tuple("K", []).tuple("N", []), .unknownValue),
            (WireBytes("D").integer(UInt32(1)).tuple("N", []), .unknownValue),
            (WireBytes("D").integer(UInt32(1)).byte("\0"), .unknownValue),
            (WireBytes("U").integer(UInt32(1)).tuple("K", []).tuple("K", []), .unknownValue),
            (WireBytes("U").integer(UInt32(1)).tuple("K", []), .truncated),
        ]
        for (message, expected) in cases {
            #expect(code { () throws(PgOutputError) in try decodeAny(message.bytes) } == expected, "\(message.bytes)")
        }
    }
}
